//! A buyer as the shop knows one, from an order or from an account, and as Visma shall see one.

use commerce::customer::{Customer as Account, CustomerAddress};
use commerce::order::{Address as OrderAddress, Order};
use visma::customer::{Address, Contact, Customer};

use super::registration;

/// First, middle and last name.
type Names<'a> = [Option<&'a str>; 3];

/// A buyer.
#[derive(Debug, Default)]
pub(super) struct Party<'a> {
    email: &'a str,
    /// The billed person's names, then the account's.
    names: [Names<'a>; 2],
    company: Option<&'a str>,
    telephone: Option<&'a str>,
    street: &'a [String],
    postcode: Option<&'a str>,
    city: Option<&'a str>,
    country: Option<&'a str>,
    /// VAT or organisation numbers as typed, the better one first.
    numbers: [Option<&'a str>; 2],
}

impl<'a> Party<'a> {
    /// Who an order is billed to.
    pub(super) fn of_order(order: &'a Order, email: &'a str) -> Self {
        let account = [&order.customer_firstname, &order.customer_middlename, &order.customer_lastname];
        let company = order.extension_attributes.company_order_attributes.as_ref();
        let company = company.and_then(|company| filled(company.company_name.as_deref()));
        let Some(OrderAddress {
            firstname,
            middlename,
            lastname,
            company: typed,
            vat_id,
            street,
            postcode,
            city,
            country_id,
            telephone,
            ..
        }) = &order.billing_address
        else {
            return Self { email, names: [[None; 3], account.map(Option::as_deref)], company, ..Self::default() };
        };
        Self {
            email,
            names: [[firstname, middlename, lastname].map(Option::as_deref), account.map(Option::as_deref)],
            company: filled(typed.as_deref()).or(company),
            telephone: telephone.as_deref(),
            street,
            postcode: postcode.as_deref(),
            city: city.as_deref(),
            country: country_id.as_deref(),
            numbers: [vat_id.as_deref(), order.customer_taxvat.as_deref()],
        }
    }

    /// Who an account is, with the address that bills go to.
    pub(super) fn of_account(account: &'a Account, email: &'a str) -> Self {
        let own = [&account.firstname, &account.middlename, &account.lastname].map(Option::as_deref);
        let Some(CustomerAddress {
            firstname,
            middlename,
            lastname,
            company,
            vat_id,
            street,
            postcode,
            city,
            country_id,
            telephone,
            ..
        }) = account.billing_address()
        else {
            return Self { email, names: [[None; 3], own], ..Self::default() };
        };
        Self {
            email,
            names: [[firstname, middlename, lastname].map(Option::as_deref), own],
            company: filled(company.as_deref()),
            telephone: telephone.as_deref(),
            street,
            postcode: postcode.as_deref(),
            city: city.as_deref(),
            country: country_id.as_deref(),
            numbers: [vat_id.as_deref(), account.taxvat.as_deref()],
        }
    }

    /// As Visma shall see the buyer; what rules decide is left out.
    pub(super) fn customer(&self) -> Customer {
        let person = self.person();
        let registration = registration::of(self.country, self.numbers);
        let name = match self.company {
            Some(company) => company,
            None if person.is_empty() => self.email,
            None => &person,
        };
        let addressed = if person.is_empty() { self.company.unwrap_or(self.email) } else { &person };
        Customer {
            name: name.to_owned(),
            corporate_id: registration.as_ref().map(|one| one.organisation.clone()),
            vat_registration_id: registration.map(|one| one.vat),
            contact: Contact {
                name: addressed.to_owned(),
                email: self.email.to_owned(),
                phone: filled(self.telephone).map(str::to_owned),
            },
            address: self.address(),
            ..Customer::default()
        }
    }

    /// First and last name: of the billed person, else of the account.
    fn person(&self) -> String {
        let join = |names: Names<'_>| names.into_iter().filter_map(filled).collect::<Vec<_>>().join(" ");
        self.names.into_iter().map(join).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// Visma has three address lines; more than three are joined into the third.
    fn address(&self) -> Address {
        let mut street = self.street.iter().filter_map(|line| filled(Some(line)));
        let mut lines: Vec<String> = street.by_ref().take(3).map(str::to_owned).collect();
        for more in street {
            if let Some(last) = lines.last_mut() {
                last.push_str(", ");
                last.push_str(more);
            }
        }
        let text = |field: Option<&str>| filled(field).unwrap_or_default().to_owned();
        Address { lines, postal_code: text(self.postcode), city: text(self.city), country: text(self.country) }
    }
}

/// A text without outer blanks, unless nothing is left.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
