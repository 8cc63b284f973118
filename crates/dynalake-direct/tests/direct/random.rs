use crate::generate as _;
