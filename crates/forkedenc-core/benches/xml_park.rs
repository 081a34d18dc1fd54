//! What parking a parser costs, and what a parked one has: `cargo bench --bench xml_park`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{DtdMode, Encodings, Names, Null, Options, Parser, Rules, Runs};

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is done by the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size());
        // SAFETY: the caller's promise is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promise is the system's.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const DEEP: &[u8] =
    b"<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body><m:Get xmlns:m='urn:x'>\
    <m:Id type='int'>12345</m:Id><m:List><m:Name>Maria Example</m:Name><m:When zone='utc' value='2026-01-02T03:04";

fn main() {
    let rules = Rules {
        namespaces: true,
        dtd: DtdMode::Bare,
        runs: Runs::Events,
        forbid_entities: false,
        forbid_external: false,
        skip_long: false,
    };
    let options = Options { limits: XmlLimits::DEFAULT, rules, encodings: Encodings::default(), encoding: None };
    for (what, document) in [("<a b=\"", &b"<a b=\""[..]), ("soap, depth 4", DEEP)] {
        let mut buffer = Vec::new();
        let mut fed = || {
            let mut parser = Box::new(Parser::new(&options, Names::default(), 0));
            parser.feed(&mut Null, document, &mut buffer, false);
            parser
        };
        // What the first leaves behind is the thread's.
        drop(fed());
        let before = HELD.get();
        let parser = fed();
        let awake = HELD.get() - before;
        let (parked, names) = parser.park().expect("there is memory");
        drop(names);
        let parked_bytes = HELD.get() - before + size_of_val(&parked);
        println!("{what}: {parked_bytes} bytes in place of {awake}");
        let mut parser = parked.unpark(Names::default(), &options).expect("there is memory");
        let mut best = f64::INFINITY;
        for _ in 0..200 {
            let started = Instant::now();
            for _ in 0..1000 {
                let (parked, names) = parser.park().expect("there is memory");
                parser = parked.unpark(names, &options).expect("there is memory");
            }
            best = best.min(started.elapsed().as_nanos() as f64 / 1000.0);
        }
        println!("  {best:.0} ns to park and go on");
        println!("  a parser has {} bytes, a table of names {}", size_of::<Parser>(), size_of::<Names>());
    }
}
