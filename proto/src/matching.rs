//! The marks that a customer can be matched by, in one spelling, and the headers that carry keyed hashes of them.
//!
//! The stages that read customers and the stage that creates them meet in these headers alone: no e-mail address and no
//! organisation number stands in a header in clear.

use visma::registration;

/// Keyed hash of the e-mail address.
pub const EMAIL: &str = "Ml-Match-Email";
/// Keyed hash of the organisation number.
pub const CORPORATE: &str = "Ml-Match-Corporate";
/// Keyed hash of the VAT registration number.
pub const VAT: &str = "Ml-Match-Vat";
/// The customer's number in Visma.
pub const NUMBER: &str = "Ml-Number";
/// The customer's internal id in Visma. It never changes, whatever number the customer is given.
pub const INTERNAL: &str = "Ml-Internal-Id";
/// `true` when nothing may be booked on the customer.
pub const INACTIVE: &str = "Ml-Inactive";

/// The marks that one customer can be matched by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// E-mail address.
    pub email: Option<String>,
    /// Organisation number.
    pub corporate: Option<String>,
    /// VAT registration number.
    pub vat: Option<String>,
}

impl Marks {
    /// From the texts as they are written somewhere, numbers of this country unless they say another. A number that
    /// cannot be trusted is none.
    pub fn of(email: Option<&str>, corporate: Option<&str>, vat: Option<&str>, country: Option<&str>) -> Self {
        Self {
            email: email.map(visma::payload::spelled).filter(|email| !email.is_empty()),
            corporate: corporate.and_then(|number| registration::organisation_mark(number, vat, country)),
            vat: vat.and_then(|number| registration::vat_mark(number, country)),
        }
    }

    /// Each mark under the header that carries it, hashed with `hash`, which is given a purpose and a text.
    pub fn hashed(&self, hash: impl Fn(&str, &str) -> String) -> Vec<(&'static str, String)> {
        [(EMAIL, &self.email), (CORPORATE, &self.corporate), (VAT, &self.vat)]
            .into_iter()
            .filter_map(|(header, mark)| Some((header, hash(header, mark.as_deref()?))))
            .collect()
    }
}
