//! The one binary: a subcommand for each service and each operator verb.
