#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a deterministic table of orders, and the product catalogue that goes with it.

usage: generate.py ROWS orders.csv [reference.csv]

The same ROWS always give the same bytes. Only the standard library is used, so that the data can be made on any
machine; a million rows take about three seconds.
"""
import sys

REGIONS = ("north", "east", "south", "west", "overseas")
CHANNELS = ("web", "shop", "phone", "partner")
STATUSES = ("paid",) * 13 + ("open",) * 6 + ("returned",)
CATEGORIES = ("books", "garden", "kitchen", "music", "office", "sports", "toys", "travel")
WORDS = ("deliver", "to", "the", "back", "door", "and", "ring", "twice", "please", "leave", "with", "neighbour",
         "gift", "wrapping", "invoice", "by", "mail", "fragile", "before", "noon")
PRODUCTS = 5000


def orders(path, rows):
    """A linear congruential generator is all the randomness that is needed, and the same everywhere."""
    state = 20240229
    with open(path, "w", encoding="ascii", newline="\n") as out:
        out.write("order_id,customer,product_id,region,channel,status,ordered_at,quantity,price_cents,note\n")
        block = []
        for number in range(rows):
            state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            bits = state >> 20
            note = " ".join((WORDS[bits % 20], WORDS[(bits >> 3) % 20], WORDS[(bits >> 7) % 20],
                             WORDS[(bits >> 11) % 20], WORDS[(bits >> 15) % 20]))
            block.append(
                f"{number},C{bits % 900001:07d},{(bits >> 5) % PRODUCTS},{REGIONS[(bits >> 9) % 5]},"
                f"{CHANNELS[(bits >> 13) & 3]},{STATUSES[(bits >> 17) % 20]},"
                f"2024-{(bits >> 21) % 12 + 1:02d}-{(bits >> 25) % 28 + 1:02d}"
                f"T{(bits >> 4) % 24:02d}:{(bits >> 6) % 60:02d}:{number % 60:02d},"
                f"{(bits >> 11) % 9 + 1},{(bits >> 2) % 50000 + 99},{note} {number:x}\n")
            if len(block) == 8192:
                out.write("".join(block))
                block.clear()
        out.write("".join(block))


def reference(path):
    with open(path, "w", encoding="ascii", newline="\n") as out:
        out.write("product_id,product,category,supplier\n")
        for number in range(PRODUCTS):
            out.write(f"{number},product {number:05d},{CATEGORIES[number * 7 % 8]},supplier {number * 31 % 97:02d}\n")


def main():
    if len(sys.argv) not in (3, 4) or not sys.argv[1].isdigit():
        sys.exit("usage: generate.py ROWS orders.csv [reference.csv]")
    orders(sys.argv[2], int(sys.argv[1]))
    if len(sys.argv) == 4:
        reference(sys.argv[3])


if __name__ == "__main__":
    main()
