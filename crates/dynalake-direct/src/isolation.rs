//! A panic costs the record at which it happens. It is a defect, and must not block a shard: the
//! batch would be given again and again until its records expire.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// So many records are found one by one, each by one more attempt at the batch; with more of them
/// all is set aside.
const MAX_FOUND: usize = 8;

/// Where work is, so that what panics is known.
#[derive(Debug, Default)]
pub(crate) struct Place(Cell<Option<(usize, usize)>>);

impl Place {
    /// At this record, by this schema.
    pub(crate) fn at(&self, record: usize, schema: usize) {
        self.0.set(Some((record, schema)));
    }

    /// Past all records.
    pub(crate) fn past_records(&self) {
        self.0.set(None);
    }
}

/// What is set aside instead of being worked on.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    found: BTreeSet<(usize, usize)>,
    all: bool,
}

impl Aside {
    /// Whether this schema leaves this record out.
    pub(crate) fn holds(&self, record: usize, schema: usize) -> bool {
        self.all || self.found.contains(&(record, schema))
    }
}

/// Why nothing came of any attempt: it fails even with all records set aside.
#[derive(Debug)]
pub(crate) struct Hopeless;

/// Runs `attempt` until it succeeds, each time without what made it panic before. An attempt that
/// fails otherwise is one that panics past all records. `tidy` comes before each but the first, for
/// what the one before has left half done.
pub(crate) fn isolate<S, T, E>(
    state: &mut S,
    mut attempt: impl FnMut(&mut S, &Aside, &Place) -> Result<T, E>,
    mut tidy: impl FnMut(&mut S),
) -> Result<T, Hopeless> {
    let mut aside = Aside::default();
    loop {
        let place = Place::default();
        let done = catch_unwind(AssertUnwindSafe(|| attempt(state, &aside, &place)));
        if let Ok(Ok(done)) = done {
            return Ok(done);
        }
        if aside.all {
            return Err(Hopeless);
        }
        tidy(state);
        let at = if done.is_err() { place.0.get() } else { None };
        match at {
            // The same again would be found again.
            Some(at) if aside.found.len() < MAX_FOUND && aside.found.insert(at) => {}
            _ => aside.all = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of ten records by two schemas, some of which panic: what is set aside.
    fn isolated(
        panics: &[(usize, usize)],
        at_the_end: impl Fn() -> Result<(), ()>,
    ) -> Result<Vec<(usize, usize)>, Hopeless> {
        let attempt = |attempts: &mut usize, aside: &Aside, place: &Place| {
            *attempts += 1;
            let mut left_out = Vec::new();
            for at in (0..10).flat_map(|record| [(record, 0), (record, 1)]) {
                place.at(at.0, at.1);
                if aside.holds(at.0, at.1) {
                    left_out.push(at);
                } else {
                    assert!(!panics.contains(&at), "planted");
                }
            }
            place.past_records();
            if left_out.len() < 20 {
                at_the_end()?;
            }
            Ok::<_, ()>(left_out)
        };
        isolate(&mut 0, attempt, |_| {})
    }

    #[test]
    fn a_panic_costs_its_record_in_its_schema() {
        assert_eq!(isolated(&[], || Ok(())).unwrap(), []);
        let panics = [(0, 1), (4, 0), (9, 0), (9, 1)];
        assert_eq!(isolated(&panics, || Ok(())).unwrap(), panics);
    }

    #[test]
    fn what_cannot_be_found_costs_the_batch() {
        let many: Vec<_> = (0..9).map(|record| (record, 0)).collect();
        assert_eq!(isolated(&many, || Ok(())).unwrap().len(), 20);
        assert_eq!(isolated(&[], || panic!("planted")).unwrap().len(), 20);
        assert_eq!(isolated(&[(1, 1)], || Err(())).unwrap().len(), 20);
    }

    #[test]
    fn the_hopeless_ends() {
        let attempt = |_: &mut (), _: &Aside, _: &Place| -> Result<(), ()> { panic!("planted") };
        assert!(isolate(&mut (), attempt, |()| {}).is_err());
    }
}
