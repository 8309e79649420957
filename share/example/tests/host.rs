ktstr::c_test!("host.c");
