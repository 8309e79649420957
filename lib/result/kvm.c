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

void analysis_kvm(const struct rows *r, FILE *out)
{
	unsigned long long exits = average(r, "exits"), hypercalls = average(r, "hypercalls");
	size_t vms = 0;

	for (size_t i = 0; i < r->n; i++)
		vms += kvm_of(r, i) != NULL;
	if (!exits)
		return;
	fprintf(out, "\n=== KVM STATS (avg across %zu VMs) ===\n\n", vms);
	fprintf(out, "  exits/vcpu  %7llu   halt/vcpu     %5llu   halt_wait_ms %7.1f\n", exits,
		(unsigned long long)average(r, "halt_exits"), (double)average(r, "halt_wait_ns") / 1e6);
	fprintf(out, "  poll_ok%%    %6.1f%%   preempted/vcpu %4llu   signal/vcpu  %7llu\n", poll_percent(r),
		(unsigned long long)average(r, "preemption_reported"), (unsigned long long)average(r, "signal_exits"));
	if (hypercalls)
		fprintf(out, "  hypercalls/vcpu %4llu\n", hypercalls);
	if (average(r, "preemption_reported"))
		fprintf(out, "\n  WARNING: %llu host preemptions detected -- timing results may be unreliable\n",
			(unsigned long long)total(r, "preemption_reported"));
}
