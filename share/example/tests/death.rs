ktstr::c_test!("death.c");
