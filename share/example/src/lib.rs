// SPDX-License-Identifier: GPL-2.0-only
//! Nothing is here: the package is its tests.
