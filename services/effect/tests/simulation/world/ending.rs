//! How a life ends in a world.

use effect::End;
use problem::Code;

use super::World;
use crate::due::Due;
use crate::lane::Lane;
use crate::worker::Task;

impl World {
    /// A life has ended: what is owed to people, and what the broker delivers next.
    pub(super) fn end(&mut self, task: &Task, end: &End) {
        let lane = task.lane;
        let command = self.lanes[lane].commands[task.command].wanted.command.clone();
        self.story(|| format!("lane {lane}: {command} ends: {end:?}"));
        match end {
            End::Done if task.gives_up => {
                self.dead.push((lane, command, Code::CustomerAmbiguous));
            }
            End::Done => {}
            End::Superseded { by, .. } => {
                self.tally.superseded += 1;
                self.left.push((lane, command, by.clone()));
            }
            End::Differs(linked) => {
                if self.lanes[lane].commands[task.command].wanted.source_seq < linked.source_seq {
                    self.mistake = Some(format!("lane {lane}: {command} would put an older version over a newer one"));
                }
                self.dead.push((lane, command, Code::ChangedAfterBooking));
            }
            End::Stands(_) => {
                self.tally.stands += 1;
                self.dead.push((lane, command, Code::CancelledAfterRelease));
            }
            End::Dead(death) => {
                self.tally.unresolved += u64::from(death.code() == Code::InDoubtUnresolved);
                self.dead.push((lane, command, death.code()));
            }
        }
        let lost = self.chance.in_thousand(self.faults().ack_lost);
        let end = self.broker.end();
        let Lane { next, pending, ended, .. } = &mut self.lanes[lane];
        ended.push((task.command, end));
        pending.retain(|command| lost || *command != task.command);
        if task.command == *next {
            *next += 1;
            pending.extend(lost.then_some(task.command));
        }
        let at = self.now + self.chance.between(0, 300_000);
        self.plan(at, Due::Deliver { lane });
    }
}
