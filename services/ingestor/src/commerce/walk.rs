//! The walk of one scan over its pages: smaller ones where the shop is slow or fails, and around a record that it
//! cannot show at all.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::keyset::{Keyset, Pager};
use ::commerce::page::Page;
use ::commerce::search::{PageSize, Search};
use pipeline::retry::Schedule;
use problem::{Problem, Stopped};
use tokio::time::Instant;

use super::aside;
use super::poll::{Scan, stop};
use super::reader::{Broken, ReadError};

/// A page that takes longer is followed by one of half its rows: a shop has shoppers to serve, too.
pub(super) const SLOW: Duration = Duration::from_secs(20);
/// A page that takes less may be followed by a larger one.
const QUICK: Duration = Duration::from_secs(5);
/// Records one after the other that cannot be shown: from here on it is the shop, and not a record.
pub(super) const IN_A_ROW: u32 = 5;

/// A walk under way.
pub(super) struct Walk<'a> {
    scan: &'a Scan<'a>,
    pager: Pager,
    pause: Schedule,
    broken: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(scan: &'a Scan<'a>, pager: Pager) -> Self {
        let pause = Schedule::new(Duration::from_millis(500), Duration::from_secs(60));
        Self { scan, pager, pause, broken: 0 }
    }

    /// The next page with how far it reaches, and where to go on; nothing when all is read.
    pub(super) async fn turn(mut self) -> Result<Option<((Page, Keyset), Self)>, ReadError> {
        loop {
            let Some(search) = self.pager.next_search().map_err(|e| stop(&e))? else { return Ok(None) };
            let began = Instant::now();
            match self.scan.recorder.reader.page(self.scan.entity, &search).await {
                Ok(page) => {
                    self.pager.take(&page).map_err(|e| stop(&e))?;
                    self.went_well(began.elapsed(), !page.items.is_empty());
                    let read = self.pager.cursor();
                    return Ok(Some(((page, read), self)));
                }
                Err(ReadError::Broken(broken)) => self.went_ill(&search, broken, began.elapsed()).await?,
                Err(e) => return Err(e),
            }
        }
    }

    fn went_well(&mut self, took: Duration, showed: bool) {
        self.pause.reset();
        if showed {
            self.broken = 0;
        }
        let rows = self.pager.page_size().rows();
        if took > SLOW {
            self.resize(rows / 2);
        } else if took < QUICK {
            self.resize(rows.saturating_mul(2).min(self.scan.source.poll.page_size));
        }
    }

    /// Makes the next page smaller, or goes around the one record that is left of it.
    async fn went_ill(&mut self, search: &Search, broken: Broken, took: Duration) -> Result<(), ReadError> {
        let (entity, reader) = (self.scan.entity, &self.scan.recorder.reader);
        let rows = self.pager.page_size().rows();
        let why = &broken.problem.sentence;
        tracing::warn!(entity = entity.name(), rows, why, "a page cannot be read; a smaller one is tried");
        // It may be at work on the page still: it rests as long as it was waited for.
        tokio::time::sleep(self.pause.next_wait().max(took)).await;
        // A shop that lists nothing at all is not kept from it by a record.
        if !reader.lists(entity).await? {
            return Err(ReadError::Broken(broken));
        }
        if rows > 1 {
            self.resize(rows / 2);
            return Ok(());
        }
        let Some(id) = aside::culprit(reader, entity, search, self.pager.read().entity_id).await? else {
            return Err(ReadError::Broken(broken));
        };
        self.broken += 1;
        if self.broken > IN_A_ROW {
            return Err(many(entity, broken));
        }
        self.scan.aside.set(id, broken.problem).await?;
        self.pager.leave_out([id]);
        Ok(())
    }

    fn resize(&mut self, rows: u32) {
        if let Ok(size) = PageSize::new(rows.max(1)) {
            self.pager.resize(size);
            self.scan.rows.store(size.rows(), Ordering::Relaxed);
        }
    }
}

/// Too many records cannot be shown for each to be set aside.
pub(super) fn many(entity: Entity, Broken { problem, .. }: Broken) -> ReadError {
    let sentence = format!("Commerce can show no {} of many: {}", entity.name(), problem.sentence);
    ReadError::Stopped(Stopped::Person(Problem { sentence, ..problem }))
}
