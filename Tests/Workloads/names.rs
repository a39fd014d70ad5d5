// Rust names: a method of a trait, a generic function, a closure.
// names::main → names::outer → <names::Tool as names::Work>::work → names::toil.
use std::hint::black_box;

fn burn(units: u64) {
    for i in 0..units * 1000 {
        black_box(i);
    }
}

trait Work {
    fn work(&self, units: u64) -> u64;
}

struct Tool;

impl Work for Tool {
    #[inline(never)]
    fn work(&self, units: u64) -> u64 {
        black_box(toil::<u64>(units)) + 1
    }
}

#[inline(never)]
fn toil<T: From<u32>>(units: u64) -> T {
    burn(units);
    black_box(T::from(7))
}

#[inline(never)]
fn outer(worker: &dyn Work) {
    loop {
        black_box(worker.work(500));
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(60);
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(seconds));
        std::process::exit(0);
    });
    println!("ready");
    outer(black_box(&Tool));
}
