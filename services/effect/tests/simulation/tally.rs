//! Counts of what happened in a world.

#[derive(Default, Debug)]
pub(crate) struct Tally {
    pub(crate) documents: u64,
    pub(crate) sends: u64,
    pub(crate) looks: u64,
    pub(crate) writes: u64,
    pub(crate) crashes: u64,
    pub(crate) adopted: u64,
    pub(crate) sent_again: u64,
    pub(crate) lost_writes: u64,
    pub(crate) rejected: u64,
    pub(crate) unresolved: u64,
    pub(crate) late: u64,
    pub(crate) withdrawn: u64,
    pub(crate) stands: u64,
    pub(crate) given_up: u64,
    pub(crate) superseded: u64,
    pub(crate) set_backs: u64,
    pub(crate) unheard: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.sends += other.sends;
        self.looks += other.looks;
        self.writes += other.writes;
        self.crashes += other.crashes;
        self.adopted += other.adopted;
        self.sent_again += other.sent_again;
        self.lost_writes += other.lost_writes;
        self.rejected += other.rejected;
        self.unresolved += other.unresolved;
        self.late += other.late;
        self.withdrawn += other.withdrawn;
        self.stands += other.stands;
        self.given_up += other.given_up;
        self.superseded += other.superseded;
        self.set_backs += other.set_backs;
        self.unheard += other.unheard;
    }
}
