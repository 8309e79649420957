ktstr::c_test!("sharing.c");
