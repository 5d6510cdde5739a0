//! A buyer as the shop knows one, from an order or from an account, and as Visma shall see one.

use commerce::customer::{Customer as Account, CustomerAddress};
use commerce::order::{Address as OrderAddress, Order};
use visma::customer::{Address, Contact, Customer};
use visma::registration;

use crate::file::NameOf;

/// First, middle and last name.
type Names<'a> = [Option<&'a str>; 3];

/// A buyer.
#[derive(Debug, Default)]
pub(super) struct Party<'a> {
    email: &'a str,
    /// Names of the account.
    names: Names<'a>,
    /// Name of the company account (B2B) that the order was placed for.
    company: Option<&'a str>,
    /// VAT or organisation number of the account, as typed.
    number: Option<&'a str>,
    /// Where bills go.
    address: Typed<'a>,
}

/// An address as it was typed, of an order or from an address book.
#[derive(Debug, Default)]
struct Typed<'a> {
    names: Names<'a>,
    company: Option<&'a str>,
    number: Option<&'a str>,
    telephone: Option<&'a str>,
    street: &'a [String],
    postcode: Option<&'a str>,
    city: Option<&'a str>,
    country: Option<&'a str>,
}

/// Both kinds of addresses have the same fields.
macro_rules! typed {
    ($($address:ty),*) => {
        $(impl<'a> From<&'a $address> for Typed<'a> {
            fn from(address: &'a $address) -> Self {
                Self {
                    names: [&address.firstname, &address.middlename, &address.lastname].map(Option::as_deref),
                    company: filled(address.company.as_deref()),
                    number: filled(address.vat_id.as_deref()),
                    telephone: filled(address.telephone.as_deref()),
                    street: &address.street,
                    postcode: address.postcode.as_deref(),
                    city: address.city.as_deref(),
                    country: filled(address.country_id.as_deref()),
                }
            }
        })*
    };
}
typed!(OrderAddress, CustomerAddress);

impl Typed<'_> {
    /// Checks whether nothing says where it is: no street, postal code, city or country.
    fn is_blank(&self) -> bool {
        let lines = self.street.iter().map(String::as_str);
        lines.chain([self.postcode, self.city, self.country].into_iter().flatten()).all(|text| text.trim().is_empty())
    }
}

impl<'a> Party<'a> {
    /// Reads who an order is billed to. An order without a billing address is billed where it is sent.
    pub(super) fn of_order(order: &'a Order, email: &'a str) -> Self {
        let company = order.extension_attributes.company_order_attributes.as_ref();
        let mut addresses = order.billing_address.iter().chain(order.shipping_address()).map(Typed::from);
        Self {
            email,
            names: [&order.customer_firstname, &order.customer_middlename, &order.customer_lastname]
                .map(Option::as_deref),
            company: company.and_then(|company| filled(company.company_name.as_deref())),
            number: filled(order.customer_taxvat.as_deref()),
            address: addresses.find(|address| !address.is_blank()).unwrap_or_default(),
        }
    }

    /// Reads who an account is, with the address that bills go to, or else the one that goods go to.
    pub(super) fn of_account(account: &'a Account, email: &'a str) -> Self {
        Self {
            email,
            names: [&account.firstname, &account.middlename, &account.lastname].map(Option::as_deref),
            company: None,
            number: filled(account.taxvat.as_deref()),
            address: address(account).map(Typed::from).unwrap_or_default(),
        }
    }

    /// As Visma shall see the buyer, named by the first of `order` that there is; what rules decide is left out.
    pub(super) fn customer(&self, order: &[NameOf]) -> Customer {
        let numbers = [self.address.number, self.number].into_iter().flatten();
        let registration = numbers.filter_map(|typed| registration::read(typed, self.address.country)).next();
        let named = |which: &[NameOf]| which.iter().find_map(|which| self.name(*which));
        let person = || named(&persons(order)).or_else(|| named(&[NameOf::Company]));
        Customer {
            name: named(order).unwrap_or_else(|| self.email.to_owned()),
            corporate_id: registration.as_ref().and_then(|one| one.organisation.clone()),
            vat_registration_id: registration.map(|one| one.vat),
            contact: Contact {
                name: person().unwrap_or_else(|| self.email.to_owned()),
                email: self.email.to_owned(),
                phone: self.address.telephone.map(str::to_owned),
            },
            address: self.address(),
            ..Customer::default()
        }
    }

    /// Checks whether something was typed as a VAT or organisation number, valid or not.
    pub(super) fn has_number(&self) -> bool {
        self.address.number.or(self.number).is_some()
    }

    /// Checks whether a company is named.
    pub(super) fn has_company(&self) -> bool {
        self.name(NameOf::Company).is_some()
    }

    fn name(&self, which: NameOf) -> Option<String> {
        let join = |names: Names<'_>| names.into_iter().filter_map(filled).collect::<Vec<_>>().join(" ");
        let name = match which {
            NameOf::Company => self.address.company.or(self.company).unwrap_or_default().to_owned(),
            NameOf::Account => join(self.names),
            NameOf::Billing => join(self.address.names),
        };
        Some(name).filter(|name| !name.is_empty())
    }

    /// Visma has three address lines; more than three are joined into the third.
    fn address(&self) -> Address {
        let Typed { street, postcode, city, country, .. } = &self.address;
        let mut street = street.iter().filter_map(|line| filled(Some(line)));
        let mut lines: Vec<String> = street.by_ref().take(3).map(str::to_owned).collect();
        for more in street {
            if let Some(last) = lines.last_mut() {
                last.push_str(", ");
                last.push_str(more);
            }
        }
        let text = |field: Option<&str>| filled(field).unwrap_or_default().to_owned();
        Address { lines, postal_code: text(*postcode), city: text(*city), country: text(*country) }
    }
}

/// The address that bills go to, or else the one that goods go to.
pub(super) fn address(account: &Account) -> Option<&CustomerAddress> {
    account.billing_address().or_else(|| account.shipping_address())
}

/// The persons among names, those that are not listed last: somebody is to be addressed all the same.
fn persons(order: &[NameOf]) -> Vec<NameOf> {
    let listed = order.iter().copied().filter(|which| *which != NameOf::Company);
    listed.chain([NameOf::Account, NameOf::Billing].into_iter().filter(|which| !order.contains(which))).collect()
}

/// A text without outer blanks, unless nothing is left.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
