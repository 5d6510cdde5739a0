//! A whole installation on this machine for a while: broker, sandbox and services as processes on free loopback ports.
//!
//! The demo, the tests and the benchmark stand on it. Everything it starts it ends, by the process id it started.

pub mod installation;
pub mod nats;
pub mod ports;
pub mod process;
pub mod tap;

pub use installation::{Installation, Plan};
