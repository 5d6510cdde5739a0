//! The walk over records by their id: smaller pages where the shop is slow or fails, and around a record that it cannot
//! show at all. It is what sweeps and backfills read by; polls go by time.

use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::page::Page;
use ::commerce::search::{Filter, PageSize, Search, SearchError};
use pipeline::retry::Schedule;
use tokio::time::Instant;

use super::aside::{self, Aside};
use super::poll::stop;
use super::reader::{Broken, ReadError, Reader};
use super::walk::{IN_A_ROW, SLOW, many};

/// A walk of one kind of record.
#[derive(Debug)]
pub(super) struct Ids {
    entity: Entity,
    size: PageSize,
    pause: Schedule,
    /// Records one after the other that could not be shown.
    broken: u32,
}

/// A page of the walk.
pub(super) struct Turned {
    pub(super) page: Page,
    /// Nothing is behind it.
    pub(super) is_last: bool,
}

impl Ids {
    /// A walk in pages of so many rows, or fewer.
    pub(super) fn new(entity: Entity, size: PageSize) -> Self {
        let pause = Schedule::new(Duration::from_millis(500), Duration::from_secs(60));
        Self { entity, size, pause, broken: 0 }
    }

    /// The page behind the record `after`; `search` makes a search sorted by id. Records that cannot be shown are set
    /// aside and left out.
    ///
    /// # Errors
    /// When the shop is away, or can show no record of many.
    pub(super) async fn page(
        &mut self,
        reader: &Reader,
        aside: &Aside,
        after: u64,
        search: impl Fn(PageSize) -> Result<Search, SearchError>,
    ) -> Result<Turned, ReadError> {
        loop {
            let size = self.size;
            let left_out = aside.ids();
            let mut search = search(size).map_err(|e| stop(&e))?;
            if !left_out.is_empty() {
                search = search.and(Filter::none_of("entity_id", &left_out));
            }
            let began = Instant::now();
            match reader.page(self.entity, &search).await {
                Ok(page) => {
                    self.pause.reset();
                    let rows = u32::try_from(page.items.len()).unwrap_or(u32::MAX);
                    if rows > 0 {
                        self.broken = 0;
                    }
                    if began.elapsed() > SLOW {
                        self.halve();
                    }
                    return Ok(Turned { page, is_last: rows < size.rows() });
                }
                Err(ReadError::Broken(broken)) => {
                    self.went_ill((reader, aside), (&search, after), broken, began.elapsed()).await?;
                }
                Err(e) => return Err(e),
            }
        }
    }

    async fn went_ill(
        &mut self,
        (reader, aside): (&Reader, &Aside),
        (search, after): (&Search, u64),
        broken: Broken,
        took: Duration,
    ) -> Result<(), ReadError> {
        let (entity, rows, why) = (self.entity, self.size.rows(), &broken.problem.sentence);
        tracing::warn!(entity = entity.name(), rows, why, "a page cannot be read; a smaller one is tried");
        // It may be at work on the page still: it rests as long as it was waited for.
        tokio::time::sleep(self.pause.next_wait().max(took)).await;
        if !reader.lists(entity).await? {
            return Err(ReadError::Broken(broken));
        }
        if rows > 1 {
            self.halve();
            return Ok(());
        }
        let Some(id) = aside::culprit(reader, entity, search, after).await? else {
            return Err(ReadError::Broken(broken));
        };
        self.broken += 1;
        if self.broken > IN_A_ROW {
            return Err(many(entity, broken));
        }
        Ok(aside.set(id, broken.problem).await?)
    }

    fn halve(&mut self) {
        if let Ok(size) = PageSize::new((self.size.rows() / 2).max(1)) {
            self.size = size;
        }
    }
}
