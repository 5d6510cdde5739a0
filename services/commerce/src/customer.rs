//! A registered customer as REST sends it, typed as far as accounting needs.
//!
//! Guests have no such record: they exist on their orders only. An edit of an address does not always move the
//! customer's `updated_at` (deleting one that is no default does not, on 2.4.7).

use serde::Deserialize;
use serde_json::Value;

use crate::decode::{self, DecodeError};
use crate::field;

/// An account in the shop.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Customer {
    /// Database id.
    #[serde(deserialize_with = "field::id")]
    pub id: u64,
    /// E-mail address; unique within the website, in shops that share accounts within all.
    pub email: String,
    /// Customer group, which decides prices and tax class.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub group_id: Option<u64>,
    /// Store view that the account was made in.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub store_id: Option<u64>,
    /// Website that the account belongs to.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub website_id: Option<u64>,
    /// First name.
    #[serde(default)]
    pub firstname: Option<String>,
    /// Middle name.
    #[serde(default)]
    pub middlename: Option<String>,
    /// Last name.
    #[serde(default)]
    pub lastname: Option<String>,
    /// Tax or VAT number as the buyer typed it.
    #[serde(default)]
    pub taxvat: Option<String>,
    /// When the account was made: UTC, `YYYY-MM-DD HH:MM:SS`.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When its row was last written: UTC.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// Id of the address that bills go to, as text or number.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub default_billing: Option<u64>,
    /// Id of the address that goods go to.
    #[serde(default, deserialize_with = "field::optional_id")]
    pub default_shipping: Option<u64>,
    /// The address book.
    #[serde(default, deserialize_with = "field::null_default")]
    pub addresses: Vec<CustomerAddress>,
    /// Fields that modules add.
    #[serde(default, deserialize_with = "field::null_default")]
    pub extension_attributes: CustomerExtension,
    /// Attributes that the merchant added.
    #[serde(default, deserialize_with = "field::null_default")]
    pub custom_attributes: Vec<CustomAttribute>,
}

/// An entry of a customer's address book. Every field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CustomerAddress {
    /// Database id.
    #[serde(deserialize_with = "field::optional_id")]
    pub id: Option<u64>,
    /// First name.
    pub firstname: Option<String>,
    /// Middle name.
    pub middlename: Option<String>,
    /// Last name.
    pub lastname: Option<String>,
    /// Company name as the buyer typed it.
    pub company: Option<String>,
    /// VAT number as the buyer typed it.
    pub vat_id: Option<String>,
    /// Street lines, first one first.
    #[serde(deserialize_with = "field::texts")]
    pub street: Vec<String>,
    /// Postal code.
    pub postcode: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country.
    pub country_id: Option<String>,
    /// Telephone number.
    pub telephone: Option<String>,
    /// Bills go here.
    #[serde(deserialize_with = "field::flag")]
    pub default_billing: bool,
    /// Goods go here.
    #[serde(deserialize_with = "field::flag")]
    pub default_shipping: bool,
}

/// Extension attributes of a customer. All of them may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CustomerExtension {
    /// The company account that the person buys for (B2B). Its name and numbers stand in a record of its own.
    pub company_attributes: Option<CompanyMember>,
}

/// A person's place in a company account (B2B).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CompanyMember {
    /// Id of the company; 0 is none.
    #[serde(deserialize_with = "field::optional_id")]
    pub company_id: Option<u64>,
    /// 1 is active.
    #[serde(deserialize_with = "field::optional_id")]
    pub status: Option<u64>,
    /// The person's title there.
    pub job_title: Option<String>,
    /// The person's telephone there.
    pub telephone: Option<String>,
}

/// An attribute that the merchant added. Values are texts, or lists of texts for multiple choices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CustomAttribute {
    /// Code of the attribute.
    pub attribute_code: String,
    /// Its value.
    #[serde(default)]
    pub value: Value,
}

impl Customer {
    /// Decodes the body of `GET /V1/customers/{id}`.
    ///
    /// # Errors
    /// With the path of the first field that is missing or wrong.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        decode::from_text(body)
    }

    /// Decodes one that is already JSON, with its numbers as text.
    ///
    /// # Errors
    /// With the path of the first field that is missing or wrong.
    pub fn from_value(value: &Value) -> Result<Self, DecodeError> {
        decode::from_value(value)
    }

    /// The address that bills go to: the one marked so, else the one that `default_billing` names, else the only one.
    pub fn billing_address(&self) -> Option<&CustomerAddress> {
        let named = || self.addresses.iter().find(|address| address.id.is_some() && address.id == self.default_billing);
        let only = || self.addresses.first().filter(|_| self.addresses.len() == 1);
        self.addresses.iter().find(|address| address.default_billing).or_else(named).or_else(only)
    }

    /// The address that goods go to: the one marked so, else the one that `default_shipping` names.
    pub fn shipping_address(&self) -> Option<&CustomerAddress> {
        let named =
            || self.addresses.iter().find(|address| address.id.is_some() && address.id == self.default_shipping);
        self.addresses.iter().find(|address| address.default_shipping).or_else(named)
    }

    /// Id of the company account that the person buys for; `None` for persons.
    pub fn company_id(&self) -> Option<u64> {
        self.extension_attributes.company_attributes.as_ref().and_then(|member| member.company_id).filter(|id| *id != 0)
    }
}

#[cfg(test)]
mod tests;
