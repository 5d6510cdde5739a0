//! The life of one write to a vendor: intent, sent, answered, in doubt, settled.
//!
//! A vendor without idempotency keys makes a second document of a second request, and a lost answer looks like a lost
//! request. What keeps one document one document is therefore a protocol over our own record, and this crate is that
//! protocol and nothing else: no socket, no broker, no clock, no vendor. [`open`] looks at the record and gives the
//! first [`Step`]; each step carries the rest of the life in itself, so that only the answers which a step can have can
//! be given to it. Whoever drives the steps does the input and output between them (`tests/simulation` does it with
//! none).
//!
//! The protocol:
//!
//! 1. Write the intent, if nobody else has written to the record since it was read. Then send, soon. Then write the
//!    outcome. A steady create is this: two durable writes and one call.
//! 2. Whoever finds an intent, or gets no usable answer, is *in doubt*: look the document up by our reference. Found
//!    once: adopt it. Found more than once: give up, with the numbers. Absent: that counts only once the vendor can no
//!    longer be working on what was sent ([`Policy::doubt_wait`]) and its lists have had time to show it
//!    ([`Policy::looks`]). Only then a new intent, and a new send.
//! 3. An intent allows a send for a short while only ([`Policy::send_within`]). A process that slept through it writes
//!    a new intent first, and loses that write if another process has taken over: an old process cannot send late.
//!
//! 4. Where entries may be lost (a broker that was set back to an older copy), a record that says nothing proves
//!    nothing ([`Silence`]): the vendor is asked first, and what it holds under our reference is adopted.
//! 5. A try that came to nothing counts against the document only if others got through meanwhile ([`Weighing`]): in an
//!    outage nothing is given up.
//!
//! A document that stands is changed ([`update`]) and removed ([`withdraw`]) by requests that may be repeated, so
//! neither needs an intent. A change carries the version that was read; a removal that finds nothing is done.

mod doubt;
mod life;
mod policy;
mod record;
mod sending;
mod silence;
mod step;
pub mod update;
mod weighing;
mod withdrawing;
mod writing;

pub use doubt::LookingUp;
pub use life::{give_up, open, withdraw};
pub use policy::{Policy, PolicyError};
pub use record::{GivenUp, Intent, Kind, Linked, Millis, Outcome, Record, Refusal, Rejected, Withdrawn};
pub use sending::{Sending, Waiting};
pub use silence::Silence;
pub use step::{Death, End, Pause, Reply, Step, Wanted};
pub use weighing::Weighing;
pub use withdrawing::{Deleting, Inspecting, Removed};
pub use writing::{PuttingOutcome, Reopening, WritingIntent};
