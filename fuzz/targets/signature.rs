#![cfg_attr(feature = "libfuzzer", no_main)]

rmsight_fuzz::target!(signature);
