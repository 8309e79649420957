ktstr::c_test!("cpusets.c");
