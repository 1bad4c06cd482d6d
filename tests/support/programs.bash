# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Ordinary programs that run with the C library's allocator as well as with ours. Each function hands its command to
# its arguments: perl_forks same.

perl_forks() {
    "$@" perl -e '
        my %words; $words{$_ % 5000} .= "x" x 50 for 1 .. 200000;
        print scalar(keys %words), "\n";
        for my $child (1 .. 3) { my $pid = fork; if (!$pid) { my @a = (1) x 100000; exit $child } waitpid $pid, 0; print $? >> 8, "\n" }
        print `echo from a shell`;'
}

python_threads() {
    "$@" /usr/bin/python3 -c '
import threading
results = {}
def work(n):
    data = [bytes(1000 + i % 50) for i in range(20000)]
    results[n] = sum(map(len, data))
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(results.items()))'
}

# python_pool METHOD COMMAND…: multiprocessing by fork or spawn
python_pool() {
    local method=$1
    shift
    cat >"$WORK/pool.py" <<'PY'
import multiprocessing, sys
def work(n):
    return sum(len(bytes(n + i)) for i in range(2000))
if __name__ == "__main__":
    ballast = [bytes(500) for _ in range(100000)]
    with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
        print(pool.map(work, range(40)), len(ballast))
        pool.close()
        pool.join()
PY
    "$@" /usr/bin/python3 pool.py "$method"
}
