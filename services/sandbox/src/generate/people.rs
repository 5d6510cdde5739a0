//! Customers who do not exist: invented names, addresses under `example.no` and `example.com`, numbers of no one.
//!
//! A customer follows from the seed and a number alone, so the same one comes back with each of their orders, and a
//! test can know them without having seen an order.

use super::dice::{Dice, mix};
use super::json::{Object, array, quoted};

/// The group of businesses in other countries, whose customer tax class makes their tax 0.
const GROUP_B2B_EU: u64 = 5;
const FIRST_NAMES: [&str; 12] =
    ["Kari", "Ola", "Åse", "Jürgen", "Liv", "Nils", "Maja", "Einar", "Søren", "Päivi", "Tuva", "Odd"];
const LAST_NAMES: [&str; 10] =
    ["Prøvesen", "Testmann", "Eksempel", "Oppdiktet", "Påfunn", "Attrapp", "Blindprøve", "Mønster", "Utkast", "Tenkt"];
const COMPANY_NAMES: [&str; 6] =
    ["Oppdiktet Handel", "Prøvebruket", "Eksempelverket", "Tenkt Transport", "Mønster & Sønn", "Påfunn Bygg"];

/// Where a customer lives and shops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    country: &'static str,
    city: &'static str,
    postcode: &'static str,
    street: &'static str,
    dial: &'static str,
    suffix: &'static str,
    store_id: u64,
}

const PLACES: [(u64, Place); 7] = [
    (40, place("NO", "Oslo", "0155", "Prøvegata", "+47", "AS", 1)),
    (18, place("NO", "Tromsø", "9008", "Testveien", "+47", "AS", 1)),
    (12, place("NO", "Bergen", "5003", "Eksempelsmauet", "+47", "AS", 1)),
    (16, place("SE", "Stockholm", "11122", "Testgatan", "+46", "AB", 2)),
    (6, place("FI", "Helsinki", "00100", "Koekatu", "+358", "Oy", 3)),
    (4, place("DK", "Aarhus", "8000", "Prøvevej", "+45", "ApS", 3)),
    (4, place("DE", "Berlin", "10115", "Musterstraße", "+49", "GmbH", 3)),
];

const fn place(
    country: &'static str,
    city: &'static str,
    postcode: &'static str,
    street: &'static str,
    dial: &'static str,
    suffix: &'static str,
    store_id: u64,
) -> Place {
    Place { country, city, postcode, street, dial, suffix, store_id }
}

/// A customer of the generated shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Counted from 0; with the seed, all there is to know.
    pub number: u64,
    /// The id in Commerce; guests have none.
    pub id: Option<u64>,
    /// Unique to the customer.
    pub email: String,
    /// First name.
    pub first_name: &'static str,
    /// Last name.
    pub last_name: &'static str,
    /// A business's name.
    pub company: Option<String>,
    /// A business's VAT number, in the country's form.
    pub vat_number: Option<String>,
    /// 0 guests, 1 general, 4 VIP, 5 businesses in other countries.
    pub group_id: u64,
    /// ISO 3166 code.
    pub country: &'static str,
    /// City.
    pub city: &'static str,
    /// Post code, in the country's form.
    pub postcode: &'static str,
    /// Street and house number.
    pub street: String,
    /// With its country code.
    pub phone: String,
    /// The store view that the customer shops in.
    pub store_id: u64,
}

impl Customer {
    pub(super) fn draw(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(mix(mix(seed, 0x0C05_7043), number));
        let place: Place = dice.weighted(&PLACES);
        let business = dice.chance(25);
        let registered = business || dice.chance(45);
        let abroad = place.country != "NO";
        let (first_name, last_name) = (dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES));
        let domain = if abroad { "example.com" } else { "example.no" };
        let role = if business { "innkjop" } else { "kunde" };
        Self {
            number,
            id: registered.then_some(number + 1),
            email: format!("{role}.{number}@{domain}"),
            first_name,
            last_name,
            company: business.then(|| format!("{} {number} {}", dice.pick(&COMPANY_NAMES), place.suffix)),
            vat_number: business.then(|| vat_number(place.country, number)),
            group_id: match (registered, business, abroad) {
                (false, ..) => 0,
                (true, true, true) => GROUP_B2B_EU,
                (true, false, _) if dice.chance(10) => 4,
                _ => 1,
            },
            country: place.country,
            city: place.city,
            postcode: place.postcode,
            street: format!("{} {}", place.street, number % 90 + 1),
            phone: format!("{} 000{number:05}", place.dial),
            store_id: place.store_id,
        }
    }

    /// A business elsewhere pays the tax at home.
    pub(super) fn reverse_charge(&self) -> bool {
        self.group_id == GROUP_B2B_EU
    }

    /// An address of one of this customer's orders.
    pub(super) fn order_address(&self, kind: &str, address_id: u64, order_id: u64) -> String {
        let mut address = Object::new();
        address.text("address_type", kind).text("city", self.city);
        if let Some(company) = &self.company {
            address.text("company", company);
        }
        address
            .text("country_id", self.country)
            .text("email", &self.email)
            .integer("entity_id", address_id)
            .text("firstname", self.first_name)
            .text("lastname", self.last_name)
            .integer("parent_id", order_id)
            .text("postcode", self.postcode);
        if self.id.is_some() {
            address.integer("region_id", 0);
        }
        address.raw("street", &array([quoted(&self.street)])).text("telephone", &self.phone);
        if let Some(vat) = &self.vat_number {
            address.text("vat_id", vat);
        }
        address.end()
    }

    /// Id and body of `GET /V1/customers/{id}` as of a time; nothing for a guest.
    #[must_use]
    pub fn document(&self, at: &str) -> Option<(u64, String)> {
        let id = self.id?;
        let mut customer = Object::new();
        customer
            .integer("id", id)
            .integer("group_id", self.group_id)
            .text("default_billing", &id.to_string())
            .text("default_shipping", &id.to_string())
            .text("created_at", at)
            .text("updated_at", at)
            .text("created_in", super::store(self.store_id).name)
            .text("email", &self.email)
            .text("firstname", self.first_name)
            .text("lastname", self.last_name)
            .integer("store_id", self.store_id);
        if let Some(vat) = &self.vat_number {
            customer.text("taxvat", vat);
        }
        customer
            .integer("website_id", 1)
            .raw("addresses", &array([self.address(id)]))
            .integer("disable_auto_group_change", 0)
            .raw("extension_attributes", &self.extension(id));
        Some((id, customer.end()))
    }

    /// With the company that a business is, as the B2B modules add it.
    fn extension(&self, id: u64) -> String {
        let mut extension = Object::new();
        if self.company.is_some() {
            let mut company = Object::new();
            company.integer("customer_id", id).integer("company_id", id).integer("status", 1);
            company.text("telephone", &self.phone);
            extension.raw("company_attributes", &company.end());
        }
        extension.raw("is_subscribed", "false").end()
    }

    fn address(&self, id: u64) -> String {
        let mut address = Object::new();
        address
            .integer("id", id)
            .integer("customer_id", id)
            .raw("region", "{\"region_code\":null,\"region\":null,\"region_id\":0}")
            .text("country_id", self.country)
            .raw("street", &array([quoted(&self.street)]));
        if let Some(company) = &self.company {
            address.text("company", company);
        }
        address
            .text("telephone", &self.phone)
            .text("postcode", self.postcode)
            .text("city", self.city)
            .text("firstname", self.first_name)
            .text("lastname", self.last_name);
        if let Some(vat) = &self.vat_number {
            address.text("vat_id", vat);
        }
        address.raw("default_shipping", "true").raw("default_billing", "true").end()
    }
}

/// A number in the form of the country and with its check digit, from ranges that are nobody's.
fn vat_number(country: &str, number: u64) -> String {
    // A remainder of ten has no check digit: the next range has another remainder.
    let with_check = |width: usize, weights: &[u64]| {
        (0..10).find_map(|range| {
            let body = format!("{:0width$}", range * 1_000_000 + number % 1_000_000);
            let sum: u64 = body.bytes().zip(weights).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
            let check = (11 - sum % 11) % 11;
            (check < 10).then(|| format!("{body}{check}"))
        })
    };
    let digits = match country {
        "NO" => with_check(8, &[3, 2, 7, 6, 5, 4, 3, 2]),
        "DK" => with_check(7, &[2, 7, 6, 5, 4, 3, 2]),
        "FI" => with_check(7, &[7, 9, 10, 5, 8, 4, 2]),
        "SE" => Some(swedish(number % 1_000_000)),
        _ => Some(german(number % 1_000_000)),
    };
    let digits = digits.unwrap_or_default();
    match country {
        "NO" => format!("NO{digits}MVA"),
        "SE" => format!("SE{digits}01"),
        _ => format!("{country}{digits}"),
    }
}

/// Every second digit doubled, and its digits added up; together with the check digit they are whole tens.
fn swedish(number: u64) -> String {
    let body = format!("{number:09}");
    let digits = body.bytes().map(|digit| u64::from(digit - b'0')).enumerate();
    let sum: u64 =
        digits.map(|(place, digit)| if place % 2 == 0 { 2 * digit / 10 + 2 * digit % 10 } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// ISO 7064 with the moduli 11 and 10.
fn german(number: u64) -> String {
    let body = format!("{number:08}");
    let product = body.bytes().fold(10, |product, digit| {
        let sum = (product + u64::from(digit - b'0')) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    format!("{body}{}", (11 - product) % 10)
}
