//! What people use: the command line's verbs that look at an installation.
