// The ladder and the flow of messages as Python calls them (`native.py`).
#include "ladder.hpp"

#include <cmath>

namespace {

// xoroshiro128+; Blackman and Vigna (2021), "Scrambled linear pseudorandom number generators".
class Luck {
  public:
    explicit Luck(uint64_t seed) : a(seed * 0x9E3779B97F4A7C15ull + 1), b(seed ^ 0xD1B54A32D192ED03ull) {
        for (int i = 0; i < 20; i++)
            bits();
    }
    uint64_t bits() {
        uint64_t sum = a + b, mixed = a ^ b;
        a = turned(a, 24) ^ mixed ^ (mixed << 16);
        b = turned(mixed, 37);
        return sum;
    }
    double share() { return double(bits() >> 11) * 0x1p-53; }
    double exponential() { return -std::log(1.0 - share()); }
    int64_t below(uint64_t end) { return int64_t(bits() % end); }

  private:
    uint64_t a, b;
    static uint64_t turned(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
};

// The numbers of the orders that rest, to draw one of them.
class Resting {
  public:
    explicit Resting(size_t numbers) : place(numbers + 1, Ladder::NONE) {}
    size_t count() const { return number_at.size(); }
    uint32_t at(size_t i) const { return number_at[i]; }
    void add(uint32_t number) {
        place[number] = uint32_t(number_at.size());
        number_at.push_back(number);
    }
    void remove(uint32_t number) {
        uint32_t gap = place[number], moved = number_at.back();
        if (gap == Ladder::NONE)
            return;
        number_at[gap] = moved;
        place[moved] = gap;
        number_at.pop_back();
        place[number] = Ladder::NONE;
    }

  private:
    std::vector<uint32_t> number_at, place;
};

constexpr int CENTRE = Ladder::TICKS / 2, MARGIN = 64;
constexpr double USUAL_COUNT = 4'000;  // resting orders, around which the flow holds the book
constexpr size_t LEAST_COUNT = 200;    // so that there is something to cancel and to trade with
constexpr int OWNERS = 20;             // on each side, so that nobody meets an order of his own

int64_t within(int64_t ticks) {
    return ticks < MARGIN ? MARGIN : ticks > Ladder::TICKS - MARGIN ? Ladder::TICKS - MARGIN : ticks;
}

// 60 % limit orders that rest, near the touch; 30 % cancels of resting orders, half of them of
// young ones; 5 % market orders and 5 % limit orders that cross, on the side that pulls the price
// back to the centre, the larger the fuller the book is.
Message next_message(Luck &luck, const Ladder &book, const Resting &resting, int64_t number) {
    int bid = book.best_bid(), ask = book.best_ask();
    if (bid < 0)
        bid = ask >= Ladder::TICKS ? CENTRE - 2 : ask - 2;
    if (ask >= Ladder::TICKS)
        ask = bid + 2;
    Message message{};
    double what = luck.share();
    if (what >= 0.60 && what < 0.90 && resting.count() >= LEAST_COUNT) {
        size_t count = resting.count();
        double young = luck.share() * luck.share() * luck.share();
        bool is_young = luck.bits() & 1;
        size_t back = is_young ? size_t(young * double(count)) : size_t(luck.below(count));
        message.action = CANCEL;
        message.number = resting.at(count - 1 - back);
        return message;
    }
    message.action = PLACE;
    message.number = number;
    message.kind = LIMIT;
    message.force = GTC;
    if (what < 0.60 || resting.count() < LEAST_COUNT) {
        message.side = luck.bits() & 1 ? 1 : -1;
        auto behind = int64_t(8.0 * luck.exponential());
        bool improves = luck.share() < 0.15 && ask - bid > 1;
        int64_t from = message.side > 0 ? bid : ask;
        message.ticks = within(from + message.side * (improves ? 1 : -behind));
        message.lots = 1 + luck.below(20);
    } else {
        double pull = 0.5 - 0.5 * std::tanh((0.5 * (bid + ask) - CENTRE) / 4'000.0);
        message.side = luck.share() < pull ? 1 : -1;
        double fullness = double(resting.count()) / USUAL_COUNT;
        message.lots = 1 + int64_t(31.0 * fullness * luck.exponential());
        if (what < 0.95) {
            message.kind = MARKET;
            message.force = IOC;
        } else {
            message.ticks = within((message.side > 0 ? ask : bid) + message.side * luck.below(3));
        }
    }
    message.owner = int32_t(2 * luck.below(OWNERS) + (message.side < 0));
    return message;
}

}  // namespace

extern "C" {

// Write the `count` messages of `seed`. A ladder runs along, to know what rests.
void make_flow(Message *messages, size_t count, uint64_t seed) {
    Luck luck(seed);
    Ladder book(1 << 20, count);
    Resting resting(count);
    int64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        Message message = next_message(luck, book, resting, number + 1);
        messages[i] = message;
        uint64_t before = book.trade_count();
        book.process(message);
        for (uint64_t t = before; t < book.trade_count(); t++) {
            uint32_t maker = book.trade_ring()[t & (Ladder::RING - 1)].maker;
            if (!book.rests(maker))
                resting.remove(maker);
        }
        if (message.action == CANCEL) {
            resting.remove(uint32_t(message.number));
        } else {
            number = message.number;
            if (book.rests(uint32_t(number)))
                resting.add(uint32_t(number));
        }
    }
}

Ladder *ladder_new(uint32_t orders, size_t numbers) { return new Ladder(orders, numbers); }
void ladder_delete(Ladder *ladder) { delete ladder; }
uint64_t ladder_trade_count(const Ladder *ladder) { return ladder->trade_count(); }
const Trade *ladder_trade_ring(const Ladder *ladder) { return ladder->trade_ring(); }
uint64_t ladder_refused_count(const Ladder *ladder) { return ladder->refused_count(); }

void ladder_run(Ladder *ladder, const Message *messages, size_t start, size_t end) {
    for (size_t i = start; i < end; i++)
        ladder->process(messages[i]);
}

// The same with the next messages fetched ahead, as our kernel does.
void ladder_run_ahead(Ladder *ladder, const Message *messages, size_t start, size_t end) {
    for (size_t i = start; i < end; i++) {
        __builtin_prefetch(&messages[i + 20]);
        if (i + 8 < end)
            ladder->look_ahead(messages[i + 8], messages[i + 3]);
        ladder->process(messages[i]);
    }
}
}
