//! What people use: command line, audit, reconciliation.
