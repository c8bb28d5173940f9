// A plain order book in C++, the measure for the compiled one: a ladder with a level for every
// tick, first-in-first-out queues of slots linked by index, a bitmap of the levels in use for the
// next best price, and an array from order number to slot. It knows limit orders, market orders
// and cancels, and keeps the trades in a ring. It knows no owners, no self-trade prevention, no
// order types or phases beyond these, and says nothing but trades.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// The record that every contestant reads: `MESSAGE` of engine/message.py.
struct Message {
    int64_t number, ticks, lots, trigger, display, time_ns;
    int32_t owner;
    int8_t action, side, kind, force, stp, flags;
    int8_t unused[6];
};
static_assert(sizeof(Message) == 64, "a message fills a cache line");

constexpr int8_t PLACE = 0, CANCEL = 1;
constexpr int8_t LIMIT = 1, MARKET = 2;
constexpr int8_t GTC = 1, IOC = 2;

struct Trade {
    uint32_t maker, taker;
    int32_t ticks, lots;
};

class Ladder {
  public:
    static constexpr int TICKS = 1 << 16;
    static constexpr uint64_t RING = 1 << 16;
    static constexpr uint32_t NONE = UINT32_MAX;

    // `orders` may rest at a time; numbers are 1 to `numbers`.
    Ladder(uint32_t orders, size_t numbers)
        : pool(orders), levels(TICKS), slot_of(numbers + 1, NONE), ring(RING) {
        for (uint32_t slot = 0; slot < orders; slot++)
            pool[slot].next = slot + 1 < orders ? slot + 1 : NONE;
    }

    void process(const Message &message) {
        if (message.action == CANCEL) {
            cancel(uint32_t(message.number));
            return;
        }
        bool buys = message.side > 0, is_market = message.kind == MARKET;
        int limit = is_market ? (buys ? TICKS - 1 : 0) : int(message.ticks);
        auto number = uint32_t(message.number);
        auto left = buys ? match<true>(limit, int32_t(message.lots), number)
                         : match<false>(limit, int32_t(message.lots), number);
        if (left > 0 && !is_market && message.force != IOC)
            rest(!buys, limit, left, number);
    }

    // Have fetched what two later messages will need.
    void look_ahead(const Message &later, const Message &soon) const {
        __builtin_prefetch(&slot_of[later.number]);
        uint32_t slot = slot_of[soon.number];
        if (slot != NONE)
            __builtin_prefetch(&pool[slot]);
    }

    int best_bid() const { return bid; }
    int best_ask() const { return ask; }
    bool rests(uint32_t number) const { return slot_of[number] != NONE; }
    uint64_t trade_count() const { return trades; }
    const Trade *trade_ring() const { return ring.data(); }
    uint64_t refused_count() const { return refused; }

  private:
    struct Order {
        uint32_t previous, next, number;
        int32_t ticks, lots, side;
    };
    struct Level {
        uint32_t first = NONE, last = NONE;
        int32_t lots = 0, count = 0;
    };

    std::vector<Order> pool;
    std::vector<Level> levels;
    std::vector<uint32_t> slot_of;
    std::vector<Trade> ring;
    // Bits of the levels in use, by side (0 buys, 1 sells), and bits of the words that have any.
    uint64_t used[2][TICKS / 64] = {};
    uint64_t words[2][TICKS / 4096] = {};
    uint32_t free_slot = 0;
    int bid = -1, ask = TICKS;
    uint64_t trades = 0, refused = 0;

    template <bool buys> int32_t match(int limit, int32_t lots, uint32_t taker) {
        int &best = buys ? ask : bid;
        while (lots > 0 && (buys ? best <= limit : best >= limit && best >= 0)) {
            lots = match_level(best, lots, taker);
            if (levels[best].first == NONE) {
                clear(buys, best);
                best = buys ? next_up(1, best + 1) : next_down(0, best - 1);
            }
        }
        return lots;
    }

    int32_t match_level(int ticks, int32_t lots, uint32_t taker) {
        Level &level = levels[ticks];
        uint32_t slot = level.first;
        while (lots > 0 && slot != NONE) {
            Order &maker = pool[slot];
            int32_t traded = maker.lots < lots ? maker.lots : lots;
            ring[trades++ & (RING - 1)] = {maker.number, taker, ticks, traded};
            lots -= traded;
            maker.lots -= traded;
            level.lots -= traded;
            if (maker.lots == 0) {
                uint32_t next = maker.next;
                slot_of[maker.number] = NONE;
                maker.next = free_slot;
                free_slot = slot;
                slot = next;
                level.count--;
            }
        }
        level.first = slot;
        if (slot == NONE)
            level.last = NONE;
        else
            pool[slot].previous = NONE;
        return lots;
    }

    void rest(int side, int ticks, int32_t lots, uint32_t number) {
        uint32_t slot = free_slot;
        Order &order = pool[slot];
        free_slot = order.next;
        Level &level = levels[ticks];
        order = {level.last, NONE, number, ticks, lots, side};
        if (level.last != NONE) {
            pool[level.last].next = slot;
        } else {
            level.first = slot;
            used[side][ticks >> 6] |= 1ull << (ticks & 63);
            words[side][ticks >> 12] |= 1ull << ((ticks >> 6) & 63);
            if (side == 0 && ticks > bid)
                bid = ticks;
            if (side == 1 && ticks < ask)
                ask = ticks;
        }
        level.last = slot;
        level.lots += lots;
        level.count++;
        slot_of[number] = slot;
    }

    void cancel(uint32_t number) {
        uint32_t slot = slot_of[number];
        if (slot == NONE) {
            refused++;
            return;
        }
        slot_of[number] = NONE;
        Order &order = pool[slot];
        Level &level = levels[order.ticks];
        (order.previous != NONE ? pool[order.previous].next : level.first) = order.next;
        (order.next != NONE ? pool[order.next].previous : level.last) = order.previous;
        level.lots -= order.lots;
        level.count--;
        if (level.first == NONE) {
            clear(order.side, order.ticks);
            if (order.side == 0 && order.ticks == bid)
                bid = next_down(0, order.ticks - 1);
            if (order.side == 1 && order.ticks == ask)
                ask = next_up(1, order.ticks + 1);
        }
        order.next = free_slot;
        free_slot = slot;
    }

    void clear(int side, int ticks) {
        uint64_t left = used[side][ticks >> 6] &= ~(1ull << (ticks & 63));
        if (!left)
            words[side][ticks >> 12] &= ~(1ull << ((ticks >> 6) & 63));
    }

    // The first level in use at `ticks` or above; TICKS without one.
    int next_up(int side, int ticks) const {
        if (ticks >= TICKS)
            return TICKS;
        int word = ticks >> 6;
        if (uint64_t bits = used[side][word] >> (ticks & 63))
            return ticks + __builtin_ctzll(bits);
        for (int group = ++word >> 6; group < TICKS / 4096; word = ++group << 6)
            if (uint64_t bits = words[side][group] >> (word & 63)) {
                word += __builtin_ctzll(bits);
                return (word << 6) + __builtin_ctzll(used[side][word]);
            }
        return TICKS;
    }

    // The last level in use at `ticks` or below; -1 without one.
    int next_down(int side, int ticks) const {
        if (ticks < 0)
            return -1;
        int word = ticks >> 6;
        if (uint64_t bits = used[side][word] << (63 - (ticks & 63)))
            return ticks - __builtin_clzll(bits);
        if (--word < 0)
            return -1;
        for (int group = word >> 6; group >= 0; word = (group-- << 6) - 1)
            if (uint64_t bits = words[side][group] << (63 - (word & 63))) {
                word -= __builtin_clzll(bits);
                return (word << 6) + 63 - __builtin_clzll(used[side][word]);
            }
        return -1;
    }
};
