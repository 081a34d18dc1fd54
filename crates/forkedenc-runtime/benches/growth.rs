//! What the runtime costs by itself: a small stack, a push, each growth against the same in plain Rust, the cliff.
//!
//! `cargo bench -p forkedenc-runtime` prints one line a figure, and ends with status 1 where one is past its target.
//! Everything compared is measured in turns, in an order shuffled anew each round; the smallest time of all rounds counts,
//! since other load only ever adds. Cold: nothing pooled. Warm: from the pool. Times are nanoseconds.

use std::alloc::{Layout, alloc, dealloc};
use std::hint::black_box;
use std::time::{Duration, Instant};

use forkedenc_runtime::{SMALLEST, Stack, StartSize, pool, process_stats};

const FRAME: usize = 16;
/// First growths from these sizes.
const SIZES: [usize; 6] = [2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];
const GROWTH_TARGET: f64 = 1.3;
const CLIFF_TARGET: f64 = 1.05;

/// A small generator of orders; nothing here needs a good one.
struct Order(u64);

impl Order {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The smallest time per unit of each job, run in turns.
fn in_turns(rounds: usize, jobs: &mut [Box<dyn FnMut() -> f64 + '_>]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; jobs.len()];
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    let mut random = Order(0x9E37_79B9_7F4A_7C15);
    for _ in 0..rounds {
        random.shuffle(&mut order);
        for &job in &order {
            best[job] = best[job].min(jobs[job]());
        }
    }
    best
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn timed(repetitions: usize, mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..repetitions {
        work();
    }
    started.elapsed().as_nanos() as f64 / repetitions as f64
}

fn filled(bytes: usize) -> Stack {
    let mut stack = Stack::new(bytes, usize::MAX);
    for frame in 0..bytes / FRAME {
        stack.push([frame as u64, 0]).unwrap();
    }
    stack
}

/// The mean time of a thing done once in each of some rounds, without what the clock itself takes.
fn mean(rounds: usize, clock: f64, mut once: impl FnMut() -> Duration) -> f64 {
    (0..rounds).map(|_| once().as_nanos() as f64).sum::<f64>() / rounds as f64 - clock
}

/// What two readings of the clock are apart.
fn clock() -> f64 {
    (0..200).map(|_| mean(100, 0.0, || Instant::now().elapsed())).fold(f64::INFINITY, f64::min)
}

/// Something in the way, so that what is allocated next lies elsewhere each time: how two blocks lie to each other is
/// worth a third of a copy.
fn in_the_way(random: &mut Order) -> Vec<u8> {
    Vec::with_capacity(black_box(16 + 64 * random.below(128)))
}

/// The push that makes a full stack of `bytes` grow, with nothing pooled.
fn grow(bytes: usize, least: &mut u64, random: &mut Order) -> Duration {
    pool::trim();
    let mut stack = filled(bytes);
    let _way = in_the_way(random);
    let started = Instant::now();
    stack.push([1, 2]).unwrap();
    let spent = started.elapsed();
    let stats = stack.stats();
    assert!(stats.growths == 1 && stats.pool_misses == 2);
    *least = stats.growth_ns.min(*least);
    spent
}

/// The same memory work by hand: twice the size allocated, what was full copied.
fn allocate_and_copy(bytes: usize, random: &mut Order) -> Duration {
    let (old, new) = (Layout::from_size_align(bytes, 8).unwrap(), Layout::from_size_align(2 * bytes, 8).unwrap());
    // SAFETY: the layouts are not empty, the source is full and half as long as the target, and each block is freed with
    // the layout it was allocated with.
    unsafe {
        let source = alloc(old);
        assert!(!source.is_null());
        black_box(source).write_bytes(7, bytes);
        let _way = in_the_way(random);
        let started = Instant::now();
        let target = alloc(new);
        assert!(!target.is_null());
        source.copy_to_nonoverlapping(black_box(target), bytes);
        let spent = started.elapsed();
        dealloc(source, old);
        dealloc(black_box(target), new);
        spent
    }
}

/// A document's life: a stack from `start`, `frames` pushed and popped.
#[inline(never)]
fn document(start: usize, frames: usize) -> usize {
    let mut stack = Stack::new(start, 64 << 20);
    stack.resume();
    for frame in 0..frames {
        stack.push([black_box(frame as u64), 1]).unwrap();
    }
    for _ in 0..frames {
        let [first, second] = stack.pop();
        black_box(first + second);
    }
    stack.peak()
}

fn small_costs() {
    let clock = || {
        timed(10_000, || {
            black_box(Instant::now());
        })
    };
    let life = || {
        timed(10_000, || {
            let mut stack = Stack::new(black_box(2048), usize::MAX);
            stack.push([black_box(1), 2]).unwrap();
            let [first, second] = stack.pop();
            black_box(first + second);
        })
    };
    let pair = || {
        let mut stack = Stack::new(2048, usize::MAX);
        timed(100, || {
            for _ in 0..100 {
                stack.push([black_box(1), 2]).unwrap();
            }
            for _ in 0..100 {
                let [first, second] = stack.pop();
                black_box(first + second);
            }
        }) / 100.0
    };
    let resumed = || {
        let mut stack = Stack::new(2048, usize::MAX);
        timed(10_000, || {
            stack.resume();
            black_box(&mut stack).suspend();
        })
    };
    let pooled = || timed(10_000, || drop(Stack::new(black_box(128 << 10), usize::MAX)));
    let kept = || timed(10_000, || drop(Stack::new(black_box(16 << 10), usize::MAX)));
    let best = in_turns(
        200,
        &mut [Box::new(life), Box::new(pair), Box::new(resumed), Box::new(kept), Box::new(pooled), Box::new(clock)],
    );
    println!("a stack of 2 KiB made, used, dropped   {:7.1}", best[0]);
    println!("push and pop of 16 bytes               {:7.2}", best[1]);
    println!("resume and suspend                     {:7.1}", best[2]);
    println!("a stack of 16 KiB made, dropped        {:7.1}   the thread's own", best[3]);
    println!("a stack of 128 KiB made, dropped       {:7.1}   from the pool", best[4]);
    println!("(reading the clock                     {:7.1})", best[5]);
}

fn growths() -> f64 {
    println!("\nfirst growth        stack   alloc+copy   ratio   growth_ns");
    let mut ratios = Vec::new();
    let clock = clock();
    for bytes in SIZES {
        let mut least = u64::MAX;
        let (mut one, mut other) = (Order(1), Order(1));
        let best = in_turns(
            400,
            &mut [
                Box::new(|| mean(64, clock, || grow(bytes, &mut least, &mut one))),
                Box::new(|| mean(64, clock, || allocate_and_copy(bytes, &mut other))),
            ],
        );
        pool::trim();
        let ratio = best[0] / best[1];
        ratios.push(ratio);
        println!(
            "{:4} -> {:3} KiB    {:8.1}   {:10.1}   {ratio:5.2}   {least:9}",
            bytes >> 10,
            bytes >> 9,
            best[0],
            best[1]
        );
    }
    median(ratios)
}

fn cliffs() -> f64 {
    println!("\nper level, just under and just over a class");
    println!("class         under     cold     warm     hint   cold/under   warm/under   hint/under");
    let mut warm_cliffs = Vec::new();
    for bytes in SIZES {
        let (under, over) = (bytes / FRAME, bytes / FRAME + 1);
        let repetitions = (100_000 / under).max(4);
        let learnt = |frames| {
            let start = StartSize::new(0);
            start.learn(document(start.suggest(), frames));
            move || {
                timed(repetitions, || {
                    start.learn(document(start.suggest(), frames));
                }) / frames as f64
            }
        };
        let cold = move || {
            pool::trim();
            timed(1, || {
                document(bytes, over);
            }) / over as f64
        };
        let hinted = move || {
            timed(repetitions, || {
                document(over * FRAME, over);
            }) / over as f64
        };
        let best =
            in_turns(400, &mut [Box::new(learnt(under)), Box::new(cold), Box::new(learnt(over)), Box::new(hinted)]);
        let ratio = |index: usize| best[index] / best[0];
        warm_cliffs.push(ratio(2));
        println!(
            "{:3} KiB     {:8.3} {:8.3} {:8.3} {:8.3}   {:10.3}   {:10.3}   {:10.3}",
            bytes >> 10,
            best[0],
            best[1],
            best[2],
            best[3],
            ratio(1),
            ratio(2),
            ratio(3)
        );
    }
    median(warm_cliffs)
}

/// Growths while documents of many depths come again and again, each kind with what it has learnt.
fn steady_state() -> u64 {
    let kinds: Vec<_> = SIZES.iter().map(|bytes| (StartSize::new(0), bytes / FRAME + 1)).collect();
    let round = || {
        for (start, frames) in &kinds {
            start.learn(document(start.suggest(), *frames));
        }
    };
    round();
    let before = process_stats();
    for _ in 0..1000 {
        round();
    }
    process_stats().growths - before.growths
}

fn main() {
    assert_eq!(SMALLEST, SIZES[0]);
    // After this glibc keeps what is freed, so that no page fault hides what is measured.
    drop(black_box(Vec::<u8>::with_capacity(24 << 20)));
    small_costs();
    let growth = growths();
    let cliff = cliffs();
    let growths = steady_state();
    println!("\nmedian growth {growth:.2} of allocate + copy (target {GROWTH_TARGET})");
    println!("median warm cliff {cliff:.3} (target {CLIFF_TARGET})");
    println!("growths in the steady state {growths} (target 0)");
    if growth > GROWTH_TARGET || cliff > CLIFF_TARGET || growths > 0 {
        std::process::exit(1);
    }
}
