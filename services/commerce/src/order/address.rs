//! The billing or shipping address of an order, as it stood when the order was placed.

use serde::Deserialize;

use crate::field;

/// A postal address with the party that lives there. Every field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Address {
    /// First name.
    pub firstname: Option<String>,
    /// Middle name.
    pub middlename: Option<String>,
    /// Last name.
    pub lastname: Option<String>,
    /// Company name as the buyer typed it.
    pub company: Option<String>,
    /// VAT number as the buyer typed it: not normalised, often not checked.
    pub vat_id: Option<String>,
    /// Street lines, first one first.
    #[serde(deserialize_with = "field::texts")]
    pub street: Vec<String>,
    /// Postal code.
    pub postcode: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Name of the region.
    pub region: Option<String>,
    /// Code of the region.
    pub region_code: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country.
    pub country_id: Option<String>,
    /// Telephone number.
    pub telephone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}
