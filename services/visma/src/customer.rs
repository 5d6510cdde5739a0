//! The customer that Visma shall hold, before it takes the shape of a request, and what of one that stands there
//! differs from it.
//!
//! Field names follow `CustomerUpdateDto` of Visma's published OpenAPI file.

mod differs;

pub use differs::differing;

/// A field of a customer that can be brought up to date by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Display name.
    Name,
    /// Customer class.
    Class,
    /// Credit terms.
    CreditTerms,
    /// VAT zone.
    VatZone,
    /// Organisation number.
    CorporateId,
    /// VAT registration number.
    VatRegistrationId,
    /// Name of the contact.
    ContactName,
    /// E-mail address of the contact.
    Email,
    /// Phone number of the contact.
    Phone,
    /// The whole address.
    Address,
}

/// One customer as we create it. Existing customers are matched, not created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// Display name: the company's, else the person's.
    pub name: String,
    /// Customer class id; decides the defaults in Visma.
    pub class: Option<String>,
    /// ISO 4217 currency; `None` is the class's.
    pub currency: Option<String>,
    /// Credit terms id; `None` is the class's.
    pub credit_terms: Option<String>,
    /// VAT zone id; `None` is the class's.
    pub vat_zone: Option<String>,
    /// Organisation number, digits only. Of one that stands there an empty text clears it, as with the two below.
    pub corporate_id: Option<String>,
    /// VAT registration number as the tax authority writes it.
    pub vat_registration_id: Option<String>,
    /// Contact that is to be addressed.
    pub contact: Contact,
    /// The billing address.
    pub address: Address,
}

/// A contact of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Person or company.
    pub name: String,
    /// E-mail address, as the buyer wrote it.
    pub email: String,
    /// Phone number, as the buyer wrote it.
    pub phone: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Up to three lines.
    pub lines: Vec<String>,
    /// Postal code.
    pub postal_code: String,
    /// City.
    pub city: String,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
}
