//! ml-connector.
fn main() {}
