/* SPDX-License-Identifier: GPL-2.0-only */
/* The report's section on KVM: counters of the virtual CPUs, averaged over
 * each VM's CPUs and then over the VMs, in whole numbers. */
#include "result/analysis.h"

static uint64_t sum_of(const struct kvm_stats *k, const char *stat)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->per_vcpu.n; i++)
		sum += map_u64_get((const struct map_u64 *)k->per_vcpu.v + i, stat);
	return sum;
}

static const struct kvm_stats *kvm_of(const struct rows *r, size_t i)
{
	return r->results[i] ? r->results[i]->kvm_stats : NULL;
}

static uint64_t total(const struct rows *r, const char *stat)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->n; i++)
		if (kvm_of(r, i))
			sum += sum_of(kvm_of(r, i), stat);
	return sum;
}

static uint64_t average(const struct rows *r, const char *stat)
{
	uint64_t sum = 0, vms = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct kvm_stats *k = kvm_of(r, i);

		if (!k)
			continue;
		vms++;
		if (k->per_vcpu.n)
			sum += sum_of(k, stat) / k->per_vcpu.n;
	}
	return vms ? sum / vms : 0;
}

static double poll_percent(const struct rows *r)
{
	uint64_t tried = total(r, "halt_attempted_poll");

	return tried ? (double)total(r, "halt_successful_poll") * 100 / (double)tried : 0;
}

struct kvm_figures kvm_figures_of(const struct rows *r)
{
	struct kvm_figures f = { .exits = average(r, "exits"),
				 .halt_exits = average(r, "halt_exits"),
				 .halt_wait_ns = average(r, "halt_wait_ns"),
				 .preempted = average(r, "preemption_reported"),
				 .signal_exits = average(r, "signal_exits"),
				 .hypercalls = average(r, "hypercalls"),
				 .preempted_total = total(r, "preemption_reported"),
				 .poll_percent = poll_percent(r) };

	for (size_t i = 0; i < r->n; i++)
		f.vms += kvm_of(r, i) != NULL;
	return f;
}

void analysis_kvm(const struct rows *r, FILE *out)
{
	const struct kvm_figures f = kvm_figures_of(r);

	if (!f.exits)
		return;
	fprintf(out, "\n=== KVM STATS (avg across %zu VMs) ===\n\n", f.vms);
	fprintf(out, "  exits/vcpu  %7llu   halt/vcpu     %5llu   halt_wait_ms %7.1f\n", (unsigned long long)f.exits,
		(unsigned long long)f.halt_exits, (double)f.halt_wait_ns / 1e6);
	fprintf(out, "  poll_ok%%    %6.1f%%   preempted/vcpu %4llu   signal/vcpu  %7llu\n", f.poll_percent,
		(unsigned long long)f.preempted, (unsigned long long)f.signal_exits);
	if (f.hypercalls)
		fprintf(out, "  hypercalls/vcpu %4llu\n", (unsigned long long)f.hypercalls);
	if (f.preempted)
		fprintf(out, "\n  WARNING: %llu host preemptions detected -- timing results may be unreliable\n",
			(unsigned long long)f.preempted_total);
}
