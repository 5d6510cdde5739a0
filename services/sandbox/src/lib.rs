//! A strict simulated Visma.net and Adobe Commerce, for the demo and the tests.
