//! A customer's data, on the wire and as Visma shall hold it.

use visma::customer::{Address, Contact, Customer};

use crate::CustomerData;

impl From<Customer> for CustomerData {
    fn from(customer: Customer) -> Self {
        let Customer {
            name,
            class,
            currency,
            credit_terms,
            vat_zone,
            corporate_id,
            vat_registration_id,
            contact,
            address,
        } = customer;
        Self {
            name,
            class,
            currency,
            credit_terms,
            vat_zone,
            corporate_id,
            vat_registration_id,
            contact_name: contact.name,
            email: contact.email,
            phone: contact.phone,
            address_lines: address.lines,
            postal_code: address.postal_code,
            city: address.city,
            country: address.country,
        }
    }
}

impl From<CustomerData> for Customer {
    fn from(data: CustomerData) -> Self {
        Self {
            name: data.name,
            class: data.class,
            currency: data.currency,
            credit_terms: data.credit_terms,
            vat_zone: data.vat_zone,
            corporate_id: data.corporate_id,
            vat_registration_id: data.vat_registration_id,
            contact: Contact { name: data.contact_name, email: data.email, phone: data.phone },
            address: Address {
                lines: data.address_lines,
                postal_code: data.postal_code,
                city: data.city,
                country: data.country,
            },
        }
    }
}
