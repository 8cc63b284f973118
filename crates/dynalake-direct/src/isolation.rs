//! A panic costs the record at which it happens. It is a defect, and must not block a shard: the
//! batch would be given again and again until its records expire.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// At most this many records are found, each by one more attempt at the batch. With more of them
/// the whole batch is set aside.
const MAX_FOUND: usize = 8;

/// What is being worked on, to know where a panic happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A record, by a schema.
    Record { record: usize, schema: usize },
    /// A schema's files, in which rows of many records are.
    Files { schema: usize },
    /// All of it.
    Batch,
}

/// Where work is.
#[derive(Debug)]
pub(crate) struct Place(Cell<Work>);

impl Place {
    /// At this record, by this schema.
    pub(crate) fn at_record(&self, record: usize, schema: usize) {
        self.0.set(Work::Record { record, schema });
    }

    /// At this schema's files.
    pub(crate) fn at_files(&self, schema: usize) {
        self.0.set(Work::Files { schema });
    }

    /// At what is neither.
    pub(crate) fn at_batch(&self) {
        self.0.set(Work::Batch);
    }
}

/// What is set aside of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// This schema leaves it out.
    OfSchema,
    /// No schema takes it: it fails once.
    Whole,
}

/// What is set aside instead of being worked on.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// The schema that leaves the record out; without one, all do.
    records: BTreeMap<usize, Option<usize>>,
    /// These leave all records out.
    schemas: BTreeSet<usize>,
    all: bool,
}

impl Aside {
    /// Whether a record is to be left out at this schema, and which part of it.
    pub(crate) fn holds(&self, record: usize, schema: usize) -> Option<Part> {
        let found = self.records.get(&record);
        if self.all || found == Some(&None) {
            return Some(Part::Whole);
        }
        let is_out = found == Some(&Some(schema)) || self.schemas.contains(&schema);
        is_out.then_some(Part::OfSchema)
    }

    /// Adds that at which a panic happened.
    fn add(&mut self, work: Work) {
        let has_room = self.records.len() < MAX_FOUND;
        match work {
            Work::Record { record, schema } => match self.records.get_mut(&record) {
                // The record itself seems to be bad.
                Some(of @ Some(_)) => *of = None,
                None if has_room => {
                    self.records.insert(record, Some(schema));
                }
                // It panics although it is set aside, or there are too many.
                _ => self.all = true,
            },
            // A copy of all records goes to the error prefix of each, so with two all are set aside.
            Work::Files { schema } if self.schemas.is_empty() => {
                self.schemas.insert(schema);
            }
            Work::Files { .. } | Work::Batch => self.all = true,
        }
    }
}

/// It panics even with all records set aside.
#[derive(Debug)]
pub(crate) struct Unrecoverable;

/// Runs `attempt` until it does not panic, each time without what made it panic before. `tidy` comes
/// before each but the first, for what the one before has left half done.
pub(crate) fn isolate<S, T>(
    state: &mut S,
    mut attempt: impl FnMut(&mut S, &Aside, &Place) -> T,
    mut tidy: impl FnMut(&mut S),
) -> Result<T, Unrecoverable> {
    let mut aside = Aside::default();
    loop {
        let place = Place(Cell::new(Work::Batch));
        let done = catch_unwind(AssertUnwindSafe(|| attempt(state, &aside, &place)));
        if let Ok(done) = done {
            return Ok(done);
        }
        if aside.all {
            return Err(Unrecoverable);
        }
        tidy(state);
        aside.add(place.0.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: usize = 10;
    const SCHEMAS: usize = 3;

    /// What comes of records by schemas where some of the work panics: what is left out.
    fn isolated(panics: &[Work]) -> Vec<(usize, usize, Part)> {
        let attempt = |(): &mut (), aside: &Aside, place: &Place| {
            let at = |work: Work| {
                place.0.set(work);
                assert!(!panics.contains(&work), "planted");
            };
            let mut left_out = Vec::new();
            for record in 0..RECORDS {
                for schema in 0..SCHEMAS {
                    match aside.holds(record, schema) {
                        Some(part) => left_out.push((record, schema, part)),
                        None => at(Work::Record { record, schema }),
                    }
                }
            }
            for schema in 0..SCHEMAS {
                let count = left_out.iter().filter(|(_, of, _)| *of == schema).count();
                if count < RECORDS {
                    at(Work::Files { schema });
                }
            }
            if left_out.len() < RECORDS * SCHEMAS {
                at(Work::Batch);
            }
            left_out
        };
        isolate(&mut (), attempt, |()| {}).expect("something comes of it")
    }

    fn at(record: usize, schema: usize) -> Work {
        Work::Record { record, schema }
    }

    #[test]
    fn a_panic_costs_its_record_in_its_schema() {
        assert_eq!(isolated(&[]), []);
        let left_out = isolated(&[at(0, 1), at(4, 0)]);
        assert_eq!(left_out, [(0, 1, Part::OfSchema), (4, 0, Part::OfSchema)]);
    }

    #[test]
    fn a_record_that_panics_by_two_schemas_is_bad_for_all() {
        let left_out = isolated(&[at(4, 0), at(4, 1), at(4, 2), at(9, 1)]);
        let whole = (0..SCHEMAS).map(|schema| (4, schema, Part::Whole));
        assert_eq!(left_out, whole.chain([(9, 1, Part::OfSchema)]).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_at_files_costs_their_schema() {
        let left_out = isolated(&[Work::Files { schema: 1 }, at(4, 0)]);
        assert_eq!(left_out.iter().filter(|(_, schema, _)| *schema == 1).count(), RECORDS);
        assert_eq!(left_out.len(), RECORDS + 1);
    }

    #[test]
    fn what_can_not_be_found_costs_the_batch() {
        let many: Vec<Work> = (0..=MAX_FOUND).map(|record| at(record, 0)).collect();
        let files = [Work::Files { schema: 0 }, Work::Files { schema: 2 }];
        for panics in [&many[..], &files, &[Work::Batch]] {
            let left_out = isolated(panics);
            assert_eq!(left_out.len(), RECORDS * SCHEMAS, "{panics:?}");
            assert!(left_out.iter().all(|(.., part)| *part == Part::Whole));
        }
    }

    #[test]
    fn what_panics_always_ends() {
        let attempt = |(): &mut (), _: &Aside, _: &Place| panic!("planted");
        assert!(isolate::<_, ()>(&mut (), attempt, |()| {}).is_err());
    }
}
