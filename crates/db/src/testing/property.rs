//! # What holds of every sequence of events
//!
//! [`property`] makes sequences from a seed and runs each in an empty database, all of them on either engine. If one
//! fails, events are left out and made smaller as long as it still fails; seed and shortest sequence are printed.

use super::Place;
use crate::Db;
use futures_util::FutureExt as _;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};

/// How long a sequence is made shorter.
const SHRINK_MS_MAX: u32 = 90_000;
/// Sequences that are tried on the way.
const SHRINK_TRIES_MAX: u32 = 1500;

#[derive(Debug, Clone, Copy)]
enum Engine {
    Sqlite,
    Postgres,
}

/// Runs `test` with so many cases of `cases`, the same ones on both engines, each in an empty database of its own. Call
/// it outside of an asynchronous runtime.
pub fn property<S: Strategy>(seed: u64, count: u32, cases: &S, test: impl AsyncFn(Db, S::Value))
where
    S::Value: Clone + Debug,
{
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut runner = TestRunner::new(Config {
            cases: count,
            rng_seed: RngSeed::Fixed(seed),
            failure_persistence: None,
            max_shrink_iters: SHRINK_TRIES_MAX,
            max_shrink_time: SHRINK_MS_MAX,
            ..Config::default()
        });
        // The first failure is printed as any; those of cases that are made shorter would be hundreds.
        let printing = RefCell::new(None);
        let found = runner.run(cases, |case| {
            catch_unwind(AssertUnwindSafe(|| run(engine, case, &test))).map_err(|_| {
                printing.borrow_mut().get_or_insert_with(|| {
                    let before = take_hook();
                    set_hook(Box::new(|_| {}));
                    before
                });
                TestCaseError::fail("it panics")
            })
        });
        if let Some(before) = printing.take() {
            set_hook(before);
        }
        match found {
            Ok(()) => {}
            Err(TestError::Fail(_, shortest)) => {
                tell(engine, seed, &shortest);
                run(engine, shortest, &test);
                panic!("the shortest case failed, and does not any more");
            }
            Err(other) => panic!("{engine:?}, seed {seed}: {other}"),
        }
    }
}

/// For whoever reads of the panic that follows.
fn tell(engine: Engine, seed: u64, shortest: &impl Debug) {
    eprintln!("{engine:?}, seed {seed}: this fails, and nothing shorter that was tried:\n{shortest:#?}");
}

/// One case in an empty database, which is thrown away afterwards.
fn run<C>(engine: Engine, case: C, test: &impl AsyncFn(Db, C)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let place = match engine {
            Engine::Sqlite => Place::file(),
            Engine::Postgres => Place::server().await,
        };
        let db = place.open().await;
        let ended = AssertUnwindSafe(test(db.clone(), case)).catch_unwind().await;
        db.close().await;
        place.drop().await;
        if let Err(panic) = ended {
            resume_unwind(panic);
        }
    });
}
