//! Adobe Commerce as data: wire types, requests, replies, signatures and search grammar.
