"""PRISM as environments of Gymnasium, for a single agent: to execute, and to make a market.

::

    import gymnasium
    import trade2026.prism.lab.environments

    env = gymnasium.make("trade2026/Execution-v0", symbol="SOLUSDT", horizon_s=300.0)

Each episode is a fresh market whose seed comes from the environment's: the same seed and
actions give the same episode. Observations and actions are bounded, rewards are in basis points.
What the book had no more for at the end is never free: see `UNFILLED_BPS`.

Source: Gymnasium's documentation of `Env`; Almgren and Chriss (2000), "Optimal execution of
portfolio transactions", for the shortfall; Avellaneda and Stoikov (2008) for the maker's task.
"""

from typing import Annotated, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.message import MAX_LOTS
from trade2026.prism.exchange import FIRST_OUTSIDER
from trade2026.prism.lab.laboratory import Market

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:  # pragma: no cover - the tests have it
    raise ImportError("the environments need Gymnasium: install trade2026[lab]") from error

_WARM_S: Final = 60.0
_LEVELS: Final = 5
_BPS: Final = 1e4
_WIDEST_BPS: Final = 20.0
_MOST_MOVE_BPS: Final = 200.0
_SEEDS: Final = 2**31
UNFILLED_BPS: Final = 100.0
"""What is left when an episode ends and the book has no more for it counts at the worst price that
the last order walked to, at the mid where it found nothing, and so much worse."""

Observation = NDArray[np.float32]
Facts = dict[str, Any]
Seconds = Annotated[float, msgspec.Meta(ge=1e-3, le=1e7)]
Action = Any
"""What the task says: a number, or an array of two."""


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The market and the time of an episode."""

    symbol: str = "BTCUSDT"
    agents: str = "mm:5 noise:20 informed:10 momentum:5"
    horizon_s: Seconds = 600.0
    step_s: Seconds = 10.0


class _Episode(gymnasium.Env[Observation, Any]):
    """What both tasks have in common: a market, steps of time, what one sees of it."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as Gymnasium has it

    def __init__(self, **setting: object) -> None:
        self.setting: Final = msgspec.convert(setting, Setting)
        self.observation_space = spaces.Box(-1.0, 1.0, shape=(5,), dtype=np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Facts]:
        """Begin a fresh market; it has traded for a minute before."""
        super().reset(seed=seed, options=options)
        symbol = self.setting.symbol
        own = int(self.np_random.integers(_SEEDS))
        self.market = Market(seed=own, symbols=[symbol], agents=self.setting.agents)
        self.market.run(until_s=_WARM_S)
        self.market.events()
        self._first_mid = self._last_mid = self.market.mid(symbol)
        self._rest_ticks: float | None = None
        self._begin()
        return self._observed(), self._facts()

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, Facts]:
        """Act, let the step's time pass, and be told what came of it.

        Raises:
            ValueError: the action is none of the action space.
        """
        if not self.action_space.contains(action):
            raise ValueError(f"{action!r} is no action of {self.action_space}")
        before = self._score()
        self._act(action)
        end_s = min(self.market.now_s + self.setting.step_s, _WARM_S + self.setting.horizon_s)
        self.market.run(until_s=end_s)
        self.market.events()
        is_over = self._left_ratio() <= 0.0 or self._is_done()
        if is_over:
            self._finish()
        reward = self._score() - before
        observed = self._observed()
        return observed, reward, is_over, False, self._facts()

    def _mark(self) -> float:
        """Return at how many ticks that counts which is not traded."""
        if self._rest_ticks is None:
            return self.market.mid(self.setting.symbol)
        return self._rest_ticks

    def _trade_out(self, side: int, lots: int) -> None:
        """Trade *lots* at once; what the book has no more for is charged from here on."""
        market, symbol = self.market, self.setting.symbol
        worst = market.mid(symbol)
        (market.buy if side > 0 else market.sell)(symbol, lots=lots)
        events = market.events()
        walked = events[
            (events["kind"] == EventKind.TRADE) & (events["taker_owner"] == FIRST_OUTSIDER)
        ]["ticks"]
        if len(walked):
            worst = float(walked.max() if side > 0 else walked.min())
        self._rest_ticks = worst * (1.0 + side * UNFILLED_BPS / _BPS)

    def _left_ratio(self) -> float:
        passed = self.market.now_s - _WARM_S
        return 1.0 - passed / self.setting.horizon_s

    def _observed(self) -> Observation:
        symbol = self.setting.symbol
        bids, asks = self.market.book(symbol, _LEVELS)
        mid = self.market.mid(symbol)
        width = (asks[0, 0] - bids[0, 0]) / mid * _BPS if len(bids) and len(asks) else _WIDEST_BPS
        bid_lots, ask_lots = int(bids[:, 1].sum()), int(asks[:, 1].sum())
        lean = (bid_lots - ask_lots) / max(1, bid_lots + ask_lots)
        move = np.log(mid / self._first_mid) * _BPS / _MOST_MOVE_BPS
        self._last_mid = mid
        seen = (self._left_ratio(), self._held_ratio(), width / _WIDEST_BPS, lean, move)
        return np.clip(np.array(seen), -1.0, 1.0).astype(np.float32)

    def _facts(self) -> Facts:
        position = self.market.position(self.setting.symbol)
        return {
            "now_s": self.market.now_s,
            "mid": self._last_mid,
            "lots": position.lots,
            "cash": position.cash,
            "profit": self.market.profit(self.setting.symbol),
        }

    def _ordinary_lots(self) -> int:
        """Return what an agent's ordinary order has: 20,000 dollars' worth unless configured."""
        return int(self.market.agents(self.setting.symbol)["clip"][0])

    def _begin(self) -> None:
        """Forget the last episode."""

    def _act(self, action: Action) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        raise NotImplementedError

    def _is_done(self) -> bool:
        raise NotImplementedError

    def _held_ratio(self) -> float:
        raise NotImplementedError

    def _score(self) -> float:
        raise NotImplementedError


class Execution(_Episode):
    """Buy or sell a quantity within a time, as near to the first mid price as can be.

    An action is how much of the even pace to trade at the market now: `PACES` times what would
    be left for each step. What is left at the end is traded at once, and what the book has no more
    for is charged as `UNFILLED_BPS` says. Observed are the share of
    time that is left, of the quantity that is left, the spread (1 is 20 bps), the imbalance of
    five levels, and the move of the mid (1 is 200 bps). Rewards add up to minus the
    implementation shortfall of the whole quantity, in basis points.

    Args:
        lots: to buy, or where negative to sell; to buy `ORDERS` ordinary orders unless told.
        setting: see `Setting`.
    """

    ORDERS: Final = 60

    PACES: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 4.0)

    def __init__(self, *, lots: int | None = None, **setting: object) -> None:
        super().__init__(**setting)
        if lots is not None and not 0 < abs(lots) <= MAX_LOTS:
            raise ValueError(f"lots is {lots}: from 1 to {MAX_LOTS} can be bought or sold")
        self._asked = lots
        self._side = -1 if lots is not None and lots < 0 else 1
        self.action_space = spaces.Discrete(len(self.PACES))

    def _begin(self) -> None:
        asked = self.ORDERS * self._ordinary_lots() if self._asked is None else self._asked
        self._lots = abs(asked)

    def _left(self) -> int:
        return self._lots - abs(self.market.position(self.setting.symbol).lots)

    def _act(self, action: Action) -> None:
        steps = max(1, round(self._left_ratio() * self.setting.horizon_s / self.setting.step_s))
        lots = min(self._left(), round(self.PACES[int(action)] * self._left() / steps))
        if lots > 0:
            send = self.market.buy if self._side > 0 else self.market.sell
            send(self.setting.symbol, lots=lots)

    def _finish(self) -> None:
        if self._left():
            self._trade_out(self._side, self._left())

    def _is_done(self) -> bool:
        return self._left() == 0

    def _held_ratio(self) -> float:
        return self._left() / self._lots

    def _score(self) -> float:
        """Return minus the shortfall so far; until the end what is left counts at the mid."""
        position = self.market.position(self.setting.symbol)
        left = self._side * self._left()
        paid = -position.cash + left * self._mark()
        fair = self._side * self._lots * self._first_mid
        return -(paid - fair) / (self._lots * self._first_mid) * _BPS


class MarketMaking(_Episode):
    """Quote both sides, earn the spread, and do not end with much.

    An action is how many steps of `spacing_bps` from the mid to bid and to offer, each 0 for no
    quote; old quotes go first. Observed are the share of time that is left, the inventory (1 is
    `most_lots`), the spread, the imbalance and the move of the mid as in `Execution`. A reward is
    what the profit grew by, less `aversion` times the square of the inventory share, in basis
    points of `most_lots` at the first mid. At the end the inventory goes at the
    market, and what the book has no more for is charged as `UNFILLED_BPS` says.

    Args:
        lots: of a quote; an ordinary order unless told.
        most_lots: a side that would lead beyond it is not quoted; ten quotes unless told.
        spacing_bps: between two distances.
        aversion: in basis points a step with a full inventory.
        setting: see `Setting`.
    """

    DISTANCES: Final = 10
    INVENTORY: Final = 10

    def __init__(
        self,
        *,
        lots: int | None = None,
        most_lots: int | None = None,
        spacing_bps: float = 0.5,
        aversion: float = 0.1,
        **setting: object,
    ) -> None:
        super().__init__(**setting)
        least, most = 1 if lots is None else lots, MAX_LOTS if most_lots is None else most_lots
        if not 0 < least <= most <= MAX_LOTS:
            raise ValueError(f"lots must be 1 to most_lots, and that at most {MAX_LOTS}")
        if not (0.0 < spacing_bps <= _WIDEST_BPS and 0.0 <= aversion <= _BPS):
            raise ValueError("spacing_bps must be above 0 to 20, aversion 0 to 10,000")
        self._asked = lots, most_lots
        self._spacing, self._aversion = spacing_bps / _BPS, aversion
        self.action_space = spaces.MultiDiscrete([self.DISTANCES + 1, self.DISTANCES + 1])

    def _begin(self) -> None:
        lots, most_lots = self._asked
        self._lots = lots or min(self._ordinary_lots(), most_lots or MAX_LOTS)
        self._most_lots = most_lots or min(self.INVENTORY * self._lots, MAX_LOTS)
        self._penalty = 0.0

    def _act(self, action: Action) -> None:
        market, symbol = self.market, self.setting.symbol
        for number in market.open_orders:
            market.cancel(number)
        held, mid = market.position(symbol).lots, market.mid(symbol)
        for side, steps in zip((1, -1), (int(step) for step in action), strict=True):
            if steps and side * held + self._lots <= self._most_lots:
                away = max(1.0, steps * self._spacing * mid)
                ticks = int(np.floor(mid - away) if side > 0 else np.ceil(mid + away))
                send = market.buy if side > 0 else market.sell
                send(symbol, lots=self._lots, ticks=max(1, ticks))
        self._penalty += self._aversion * self._held_ratio() ** 2

    def _finish(self) -> None:
        for number in self.market.open_orders:
            self.market.cancel(number)
        held = self.market.position(self.setting.symbol).lots
        if held:
            self._trade_out(-1 if held > 0 else 1, abs(held))

    def _is_done(self) -> bool:
        return False

    def _held_ratio(self) -> float:
        return self.market.position(self.setting.symbol).lots / self._most_lots

    def _score(self) -> float:
        position = self.market.position(self.setting.symbol)
        gained = position.cash + position.lots * self._mark()
        return gained / (self._most_lots * self._first_mid) * _BPS - self._penalty


gymnasium.register("trade2026/Execution-v0", entry_point=f"{__name__}:Execution")
gymnasium.register("trade2026/MarketMaking-v0", entry_point=f"{__name__}:MarketMaking")
