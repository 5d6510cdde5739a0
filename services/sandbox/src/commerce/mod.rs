//! A strict simulated Adobe Commerce PaaS, as seen over REST.
