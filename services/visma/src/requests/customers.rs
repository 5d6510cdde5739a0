//! Customers: create, read, find, list.

use bytes::Bytes;
use http::Request;
use serde::Serialize;

use super::query::{Param, Query};
use super::wrapped::{Wrapped, emptied, text, wrap};
use super::{Company, RequestError, segment};
use crate::customer::{Address, Contact, Customer, Field};
use crate::etag::Etag;
use crate::stamp::Stamp;

impl Company {
    /// `POST /v1/customer`. With a `number` of our own, a second request of this is refused for the number being taken,
    /// and the number finds the first; without, Visma's series gives one.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn create_customer(&self, customer: &Customer, number: Option<&str>) -> Result<Request<Bytes>, RequestError> {
        self.post("/v1/customer", &Body::new(customer, number))
    }

    /// `PUT /v1/customer/{number}` of these fields and no other; an empty text empties its field. The status, the
    /// class's values and everything else that an accountant looks after stays as it is.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn update_customer(
        &self,
        number: &str,
        etag: &Etag,
        customer: &Customer,
        fields: &[Field],
    ) -> Result<Request<Bytes>, RequestError> {
        self.put(&format!("/v1/customer/{}", segment(number)), etag, &Update::new(customer, fields))
    }

    /// `GET /v1/customer/{number}`, with its ETag.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn customer(&self, number: &str) -> Result<Request<Bytes>, RequestError> {
        self.get(&format!("/v1/customer/{}", segment(number)), &Query::default())
    }

    /// `GET /v1/customer` by e-mail. Not unique in Visma, and to be compared again.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn customers_by_email(&self, email: &str, page: u32, size: u32) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::Email(email));
        self.get("/v1/customer", &query.with(Param::Page { number: page, size }))
    }

    /// `GET /v1/customer` created at or after a moment: finds what a create in doubt may have left.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn customers_created_since(&self, since: Stamp, page: u32, size: u32) -> Result<Request<Bytes>, RequestError> {
        let query = Query::default().with(Param::CreatedSince(since));
        self.get("/v1/customer", &query.with(Param::Page { number: page, size }))
    }
}

/// `CustomerUpdateDto`, as far as we fill it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_number_series: Option<Wrapped<bool>>,
    name: Wrapped<&'a str>,
    status: Wrapped<&'static str>,
    /// Copies the class's defaults; bare, and for a create only.
    #[serde(skip_serializing_if = "Option::is_none")]
    override_with_class_values: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_class_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_terms_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat_zone_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corporate_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat_registration_id: Option<Wrapped<&'a str>>,
    main_address: Wrapped<AddressBody<'a>>,
    main_contact: Wrapped<ContactBody<'a>>,
    invoice_address: Wrapped<AddressBody<'a>>,
    invoice_contact: Wrapped<ContactBody<'a>>,
}

/// `CustomerUpdateDto` of some fields. What is left out stays as it is.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Update<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_class_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_terms_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat_zone_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corporate_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat_registration_id: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_address: Option<Wrapped<AddressBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_contact: Option<Wrapped<ContactBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_address: Option<Wrapped<AddressBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_contact: Option<Wrapped<ContactBody<'a>>>,
}

impl<'a> Update<'a> {
    fn new(customer: &'a Customer, fields: &[Field]) -> Self {
        let mut update = Self::default();
        let mut contact = ContactBody::default();
        for field in fields {
            match field {
                Field::Name => update.name = Some(wrap(&customer.name)),
                Field::Class => update.customer_class_id = text(customer.class.as_deref()),
                Field::CreditTerms => update.credit_terms_id = text(customer.credit_terms.as_deref()),
                Field::VatZone => update.vat_zone_id = text(customer.vat_zone.as_deref()),
                Field::CorporateId => update.corporate_id = emptied(customer.corporate_id.as_deref()),
                Field::VatRegistrationId => {
                    update.vat_registration_id = emptied(customer.vat_registration_id.as_deref());
                }
                Field::ContactName => contact.name = text(Some(&customer.contact.name)),
                Field::Email => contact.email = text(Some(&customer.contact.email)),
                Field::Phone => contact.phone1 = emptied(customer.contact.phone.as_deref()),
                Field::Address => {
                    update.main_address = Some(wrap(AddressBody::whole(&customer.address)));
                    update.invoice_address = Some(wrap(AddressBody::whole(&customer.address)));
                }
            }
        }
        let told = contact.name.is_some() || contact.email.is_some() || contact.phone1.is_some();
        update.main_contact = told.then(|| wrap(contact));
        update.invoice_contact = update.main_contact;
        update
    }
}

/// `AddressUpdateDto`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line1: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line2: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line3: Option<Wrapped<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_id: Option<Wrapped<&'a str>>,
}

/// `ContactInfoUpdateDto`.
#[derive(Serialize, Default, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct ContactBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Wrapped<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone1: Option<Wrapped<&'a str>>,
}

impl<'a> Body<'a> {
    fn new(customer: &'a Customer, number: Option<&'a str>) -> Self {
        let number = text(number);
        Self {
            override_number_series: number.map(|_| wrap(true)),
            number,
            name: wrap(&customer.name),
            status: wrap("Active"),
            override_with_class_values: customer.class.as_ref().map(|_| true),
            customer_class_id: text(customer.class.as_deref()),
            currency_id: text(customer.currency.as_deref()),
            credit_terms_id: text(customer.credit_terms.as_deref()),
            vat_zone_id: text(customer.vat_zone.as_deref()),
            corporate_id: text(customer.corporate_id.as_deref()),
            vat_registration_id: text(customer.vat_registration_id.as_deref()),
            main_address: wrap(AddressBody::new(&customer.address)),
            main_contact: wrap(ContactBody::new(&customer.contact)),
            invoice_address: wrap(AddressBody::new(&customer.address)),
            invoice_contact: wrap(ContactBody::new(&customer.contact)),
        }
    }
}

impl<'a> AddressBody<'a> {
    /// With the parts that it does not have written as empty: those of an address that stood there before must not
    /// stay. The county is no part of it: the shop has none, and Visma's are an accountant's.
    fn whole(address: &'a Address) -> Self {
        let body = Self::new(address);
        Self {
            address_line1: body.address_line1.or(Some(wrap(""))),
            address_line2: body.address_line2.or(Some(wrap(""))),
            address_line3: body.address_line3.or_else(|| Some(wrap(String::new()))),
            postal_code: body.postal_code.or(Some(wrap(""))),
            city: body.city.or(Some(wrap(""))),
            ..body
        }
    }

    fn new(address: &'a Address) -> Self {
        let mut lines = address.lines.iter().map(String::as_str).filter(|line| !line.is_empty());
        let (first, second) = (lines.next(), lines.next());
        // Visma has three lines; what a buyer wrote beyond them stays, on the last.
        let rest = lines.collect::<Vec<_>>().join(", ");
        Self {
            address_line1: text(first),
            address_line2: text(second),
            address_line3: (!rest.is_empty()).then(|| wrap(rest)),
            postal_code: text(Some(&address.postal_code)),
            city: text(Some(&address.city)),
            country_id: text(Some(&address.country)),
        }
    }
}

impl<'a> ContactBody<'a> {
    fn new(contact: &'a Contact) -> Self {
        Self {
            name: text(Some(&contact.name)),
            email: text(Some(&contact.email)),
            phone1: text(contact.phone.as_deref()),
        }
    }
}
