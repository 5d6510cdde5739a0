//! Panics: one that is met while a delivery, a poll or a webhook is worked on ends that piece of work and nothing else.
//!
//! Anywhere else it ends the process at once, which is started again: a task that is gone without a word would be
//! missed by nobody.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::task::Poll;

use problem::{Code, Problem};

thread_local! {
    /// True while the code that runs on this thread is guarded.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic on this thread was met.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// An error of the program's own, met in a piece of work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the program met an error of its own at {place}")]
pub struct Panicked {
    /// File and line.
    pub place: String,
}

impl From<Panicked> for Problem {
    fn from(panicked: Panicked) -> Self {
        let remedy = "report it with this place and the record; then install a version in which it is corrected";
        Self::new(Code::ProgramError, format!("{panicked}; nothing else is affected"), remedy)
    }
}

/// From now on a panic outside of [`guarded`] work ends the process. To be called once, at its start.
pub fn install() {
    set_hook(Box::new(|info| {
        let place = place(info);
        let what = literal(info.payload());
        if GUARDED.get() {
            tracing::error!(place, what, "the program met an error of its own; what it was working on is given up");
            PLACE.replace(place);
            return;
        }
        tracing::error!(place, what, "the program met an error of its own and ends");
        #[allow(clippy::print_stderr, reason = "the last word of the program, perhaps before logging has begun")]
        {
            eprintln!("ml-connector: an error of the program's own at {place}: {what}");
        }
        std::process::abort();
    }));
}

/// Does a piece of work, and says where it panicked if it did. What it shares with other work must bear being left in
/// the middle, as it must when the process is killed.
///
/// # Errors
/// When it panicked; it is dropped then.
pub async fn guarded<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = Box::pin(work);
    std::future::poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// As [`guarded`], for work that waits for nothing.
///
/// # Errors
/// When it panicked.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let outer = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    done.map_err(|_| Panicked { place: PLACE.take() })
}

fn place(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()))
}

/// The words of a panic where they stand in the source. Words that were put together may hold a person's name.
fn literal(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use problem::{Code, Problem};

    use super::{Panicked, caught, guarded};

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_other_work_is_done() {
        let broken = guarded(async {
            tokio::task::yield_now().await;
            let nothing: [u8; 0] = [];
            nothing[std::hint::black_box(0)]
        });
        assert!(broken.await.is_err());
        assert_eq!(guarded(async { 7 }).await, Ok(7));
        assert!(caught(|| panic!("a test")).is_err());
        assert_eq!(caught(|| 7), Ok(7));
    }

    #[test]
    fn a_person_is_told_where() {
        let problem = Problem::from(Panicked { place: "services/mapping/src/money.rs:40".into() });
        assert_eq!(problem.code, Code::ProgramError);
        assert!(problem.sentence.contains("services/mapping/src/money.rs:40"), "{problem}");
    }
}
