//! An invoice, on the wire and as Visma shall hold it. Amounts travel as text, digit for digit.

use rust_decimal::Decimal;

use crate::{Invoice, InvoiceLine, Malformed, Segment, TaxDetail};

impl From<visma::invoice::Invoice> for Invoice {
    /// Whose invoice it is, and what is predicted of it, are added by the mapper.
    fn from(invoice: visma::invoice::Invoice) -> Self {
        Self {
            external_reference: invoice.external_reference,
            customer: None,
            document_date: invoice.document_date,
            financial_period: invoice.financial_period,
            currency: invoice.currency,
            exchange_rate: invoice.exchange_rate.map(|rate| rate.to_string()),
            credit_terms: invoice.credit_terms,
            customer_reference: invoice.customer_reference,
            text: invoice.text,
            note: invoice.note,
            branch: invoice.branch,
            hold: invoice.hold,
            lines: invoice.lines.into_iter().map(InvoiceLine::from).collect(),
            tax_details: invoice.tax_details.into_iter().map(TaxDetail::from).collect(),
            predicted: None,
            customer_command_sequence: 0,
            vat_zone: invoice.vat_zone,
            debtor: String::new(),
            next_open_period: false,
        }
    }
}

impl From<visma::invoice::InvoiceLine> for InvoiceLine {
    fn from(line: visma::invoice::InvoiceLine) -> Self {
        Self {
            description: line.description,
            quantity: line.quantity.to_string(),
            unit_price: line.unit_price.to_string(),
            amount: line.amount.to_string(),
            account: line.account,
            vat_code: line.vat_code,
            subaccount: line.subaccount.into_iter().map(|s| Segment { id: s.id, value: s.value }).collect(),
            branch: line.branch,
        }
    }
}

impl From<visma::invoice::TaxDetail> for TaxDetail {
    fn from(tax: visma::invoice::TaxDetail) -> Self {
        Self { vat_code: tax.vat_code, taxable: tax.taxable.to_string(), vat: tax.vat.to_string(), ..Self::default() }
    }
}

impl TryFrom<Invoice> for visma::invoice::Invoice {
    type Error = Malformed;

    fn try_from(invoice: Invoice) -> Result<Self, Malformed> {
        Ok(Self {
            external_reference: invoice.external_reference,
            document_date: invoice.document_date,
            financial_period: invoice.financial_period,
            currency: invoice.currency,
            exchange_rate: invoice.exchange_rate.map(|rate| decimal(&rate, "exchange_rate")).transpose()?,
            credit_terms: invoice.credit_terms,
            customer_reference: invoice.customer_reference,
            text: invoice.text,
            note: invoice.note,
            branch: invoice.branch,
            vat_zone: invoice.vat_zone,
            hold: invoice.hold,
            lines: invoice.lines.into_iter().map(line).collect::<Result<_, _>>()?,
            tax_details: invoice.tax_details.into_iter().map(tax).collect::<Result<_, _>>()?,
        })
    }
}

fn line(line: InvoiceLine) -> Result<visma::invoice::InvoiceLine, Malformed> {
    Ok(visma::invoice::InvoiceLine {
        description: line.description,
        quantity: decimal(&line.quantity, "quantity")?,
        unit_price: decimal(&line.unit_price, "unit_price")?,
        amount: decimal(&line.amount, "amount")?,
        account: line.account,
        vat_code: line.vat_code,
        subaccount: line.subaccount.into_iter().map(|s| visma::invoice::Segment { id: s.id, value: s.value }).collect(),
        branch: line.branch,
    })
}

fn tax(tax: TaxDetail) -> Result<visma::invoice::TaxDetail, Malformed> {
    Ok(visma::invoice::TaxDetail {
        vat_code: tax.vat_code,
        taxable: decimal(&tax.taxable, "taxable")?,
        vat: decimal(&tax.vat, "vat")?,
    })
}

fn decimal(text: &str, field: &'static str) -> Result<Decimal, Malformed> {
    text.parse().map_err(|_| Malformed::Decimal(field))
}
