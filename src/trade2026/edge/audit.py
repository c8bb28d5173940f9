"""The route of the audit: who did what to what, when, and what came of it, newest first."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.errors import InvalidInputError
from trade2026.desk.audit import AuditDesk
from trade2026.model.audit import AuditRecord
from trade2026.shell.access import is_visible, needs, require_account, visible_accounts

AnyRequest = Request[Any, Any, Any]

CURSOR_DIGITS_MAX: Final = 18
PAGE_LIMIT: Final = 500
Limit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT, description="Most to return.")]
Cursor = Annotated[str | None, Parameter(description="`next_cursor` of the page before.")]
Word = Annotated[str | None, Parameter(max_length=200)]


class RecordReply(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain."""

    number: int
    ts_ns: int
    who: str
    action: str
    target: str
    account: str
    """Empty where the deed is about no one account."""
    result: str
    text: str
    source: str
    """The log that told of it, and the place there."""
    source_seq: int
    before: str
    """Hash of the record before."""
    hash: str


class AuditReply(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the newest records; `trade2026 audit show` has all there ever were."""

    count: int
    """Records in the whole chain."""
    head: str
    """The hash of the last: whoever writes it down can show later that nothing was cut off."""
    records: list[RecordReply]
    next_cursor: str | None


def audit_routes(desk: AuditDesk) -> list[BaseRouteHandler]:
    """Return the route of the audit (ptrc)."""

    @get("/audit", opt=needs("audit:read"))
    async def audit(
        request: AnyRequest,
        *,
        account: str | None = None,
        who: Word = None,
        action: Word = None,
        target: Word = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> AuditReply:
        """List deeds, newest first, among the newest 10,000 records.

        Whoever may see certain accounts only sees what is about those. `action` is a whole one
        such as `order.cancel`, or its beginning such as `order.`.
        """
        if account is not None:
            require_account(request, account)
        below = _below(cursor)
        sees_all = visible_accounts(request) is None
        page: list[AuditRecord] = []
        for record in reversed(desk.records()):
            deed = record.deed
            is_mine = is_visible(request, deed.account) if deed.account else sees_all
            is_wanted = (
                (account is None or deed.account == account)
                and (who is None or deed.who == who)
                and (action is None or deed.action.startswith(action))
                and (target is None or deed.target == target)
            )
            if record.number < below and is_mine and is_wanted:
                page.append(record)
                if len(page) > limit:
                    break
        has_more = len(page) > limit
        return AuditReply(
            count=desk.head.number,
            head=desk.head.hash,
            records=[_reply(one) for one in page[:limit]],
            next_cursor=str(page[limit - 1].number) if has_more else None,
        )

    return [audit]


def _below(cursor: str | None) -> int:
    if cursor is None:
        return 10**CURSOR_DIGITS_MAX
    if len(cursor) > CURSOR_DIGITS_MAX or not (cursor.isascii() and cursor.isdigit()):
        raise InvalidInputError("cursor", "not a cursor of this list")
    return int(cursor)


def _reply(record: AuditRecord) -> RecordReply:
    deed = record.deed
    return RecordReply(
        number=record.number,
        ts_ns=deed.ts_ns,
        who=deed.who,
        action=deed.action,
        target=deed.target,
        account=deed.account,
        result=deed.result,
        text=deed.text,
        source=record.source,
        source_seq=record.source_seq,
        before=record.before,
        hash=record.hash,
    )
