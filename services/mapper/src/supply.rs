//! A supplier invoice: through the purchase orders of its lines to the orders of the shop that it serves.

use std::time::Duration;

use ::visma::read::SupplierInvoiceRead;
use mapping::books;
use problem::{Code, Problem, then_again};
use proto::Attribute;
use record::Verdict;
use record::address::{Entity, System};
use record::take::Delivery;

use crate::document::unreadable;
use crate::reading::until_read;
use crate::{Mapper, Published};

/// A purchase order is polled as often as supplier invoices are; two daily polls are enough to have read it.
const PATIENCE: Duration = Duration::from_secs(48 * 60 * 60);

/// Orders that a supplier invoice serves, or the reason why it serves none.
enum Serves {
    /// These orders of the shop, by increment id.
    Orders(Vec<String>),
    /// None, with the code and the reason of it.
    Nothing(Code, String),
}

impl Mapper {
    /// Decides on one version of a supplier invoice.
    pub(crate) async fn supplier_invoice(&self, delivery: &Delivery, key: &str) -> Result<Published, Verdict> {
        self.purchases.note(key, &delivery.headers);
        let value = self.record(delivery, &delivery.headers, &delivery.payload).await?;
        let invoice = SupplierInvoiceRead::read(&value).map_err(|e| unreadable(delivery, &e))?;
        match self.serves(delivery, &invoice).await? {
            Serves::Orders(orders) => Ok(self.tell(delivery, &invoice, &orders).await),
            Serves::Nothing(code, why) => {
                Ok(self.messages.nothing(delivery, Entity::SupplierInvoice, key, (code, &why)).await)
            }
        }
    }

    /// A purchase order that names another order than before: the supplier invoices for it are decided on again.
    pub(crate) async fn purchase_order(&self, delivery: &Delivery, number: &str) -> Result<Published, Verdict> {
        let now = self.record(delivery, &delivery.headers, &delivery.payload).await?;
        let orders = books::sales_orders(&now, &self.rules.mapping);
        let keys = self.purchases.invoices(number);
        if orders.is_empty() || keys.is_empty() {
            return Ok(Ok(()));
        }
        // Invoices wait for the first version of it by themselves.
        let Some(entry) = self.previous(delivery).await? else { return Ok(Ok(())) };
        let before = self.record(delivery, &entry.headers, &entry.payload).await?;
        if books::sales_orders(&before, &self.rules.mapping) == orders {
            return Ok(Ok(()));
        }
        for key in keys {
            let last = self.log.last(&self.log.change(System::Visma, Entity::SupplierInvoice, &key)).await;
            let last = last.map_err(|problem| Verdict::retry(delivery.delivered, problem))?;
            let Some(entry) = last else { continue };
            let value = self.record(delivery, &entry.headers, &entry.payload).await?;
            let invoice = SupplierInvoiceRead::read(&value).map_err(|e| unreadable(delivery, &e))?;
            if let Serves::Orders(orders) = self.serves(delivery, &invoice).await?
                && let Err(problem) = self.tell(delivery, &invoice, &orders).await
            {
                return Ok(Err(problem));
            }
        }
        Ok(Ok(()))
    }

    async fn serves(&self, delivery: &Delivery, invoice: &SupplierInvoiceRead) -> Result<Serves, Verdict> {
        let key = invoice.key();
        if !self.rules.comments.supplier_invoices && self.rules.comments.supplier_invoices_attribute.is_empty() {
            let why = "supplier invoices are not shown to the shop (comments.supplier_invoices)";
            return Ok(Serves::Nothing(Code::CommentsOff, why.to_owned()));
        }
        if let Some(date) = invoice.date.map(|date| date.date())
            && self.rules.scope.go_live.is_some_and(|go_live| date < go_live.date().to_string())
        {
            let why = format!("supplier invoice {key} is dated {date}, before the go-live date");
            return Ok(Serves::Nothing(Code::BeforeGoLive, why));
        }
        let purchases = invoice.purchase_orders();
        if purchases.is_empty() {
            let why = format!("supplier invoice {key} names no purchase order on its lines");
            return Ok(Serves::Nothing(Code::ServesNoOrder, why));
        }
        let mut orders: Vec<String> = Vec::new();
        for number in &purchases {
            for order in self.served_by(delivery, number).await? {
                if !orders.contains(&order) {
                    orders.push(order);
                }
            }
        }
        if orders.is_empty() {
            let purchases = purchases.join(", ");
            let why =
                format!("supplier invoice {key} is for purchase order {purchases}, which names no order of the shop");
            return Ok(Serves::Nothing(Code::ServesNoOrder, why));
        }
        Ok(Serves::Orders(orders))
    }

    /// Tells the orders of the shop of a supplier invoice.
    async fn tell(&self, delivery: &Delivery, invoice: &SupplierInvoiceRead, orders: &[String]) -> Published {
        let key = invoice.key();
        let comments = &self.rules.comments;
        let mut note = books::supplier_note(invoice);
        if !comments.supplier_invoices {
            note.text.clear();
        }
        let code = comments.supplier_invoices_attribute.clone();
        let attributes = match code.is_empty() {
            true => Vec::new(),
            false => vec![Attribute { code, value: books::supplier_entry(invoice) }],
        };
        for order in orders {
            let place = match orders {
                [_] => format!("{}-{key}", Entity::SupplierInvoice.name()),
                _ => format!("{}-{key}-{order}", Entity::SupplierInvoice.name()),
            };
            self.comment(delivery, &place, ("", order), (note.clone(), attributes.clone())).await?;
        }
        Ok(())
    }

    /// The orders of the shop that a purchase order serves, as it was last read.
    async fn served_by(&self, delivery: &Delivery, number: &str) -> Result<Vec<String>, Verdict> {
        let address = self.log.change(System::Visma, Entity::PurchaseOrder, number);
        let last = self.log.last(&address).await;
        match last.map_err(|problem| Verdict::retry(delivery.delivered, problem))? {
            Some(entry) => {
                let order = self.record(delivery, &entry.headers, &entry.payload).await?;
                Ok(books::sales_orders(&order, &self.rules.mapping))
            }
            None => Err(until_read(delivery, address, (PATIENCE, false), missing(number))),
        }
    }
}

fn missing(number: &str) -> Problem {
    let sentence = format!("purchase order {number}, which a supplier invoice is for, has not been read from Visma");
    Problem::new(
        Code::PurchaseOrderMissing,
        sentence,
        then_again("see that purchase orders are polled and may be read"),
    )
}
