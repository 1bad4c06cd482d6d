# SPDX-License-Identifier: MIT
"""Small Python objects in quick succession: 3 million dicts and lists, some of them alive for a while."""
import sys

live = [None] * 5000
for i in range(int(sys.argv[1])):
    live[i % 5000] = {"number": i, "list": [i, i + 1, i + 2]}
print(len(live))
