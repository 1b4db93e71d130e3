#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""From the lines that bench/guest.sh writes to a table, JSON and a chart.

usage: bench/report.py [--mode MODE] [--counts FOLDER] RAW FOLDER

Writes results.json, results.txt, results.rst and results.svg to FOLDER, all or
none, and prints the table. A raw file that does not end with "complete" is refused.
"""
import argparse
import bisect
import json
import os
import platform
import statistics
import sys

COST, RATE = 'lower', 'higher'
# measure, value: title, unit, which direction is better, target of ours/in-tree
ROWS = [
    ('bulk_64k', 'ns_per_byte', 'bulk, 64 KiB writes', 'insn/byte', COST, 1.0),
    ('bulk_1k', 'ns_per_byte', 'bulk, 1 KiB writes', 'insn/byte', COST, 1.0),
    ('bulk_64k_nogso', 'ns_per_byte', 'bulk, 64 KiB, no GSO/GRO', 'insn/byte', COST, 1.0),
    ('bulk_1k_nogso', 'ns_per_byte', 'bulk, 1 KiB, no GSO/GRO', 'insn/byte', COST, 1.0),
    ('bulk_64k_nogso', 'ns_per_packet', '... per packet, ACKs too', 'insn/packet', COST, None),
    ('bulk_64k_nogso', 'ack_packets_per_mib', '... packets back', 'packets/MiB', COST, None),
    ('bulk_64k_mtu9000', 'ns_per_byte', 'bulk, 64 KiB, MTU 9000', 'insn/byte', COST, 1.0),
    ('bulk_64k_mtu9000_nogso', 'ns_per_byte', 'bulk, 64 KiB, MTU 9000, no GSO', 'insn/byte',
     COST, 1.0),
    ('bulk_reader_limited', 'ns_per_byte', 'bulk, slow reader', 'insn/byte', COST, 1.0),
    ('bulk_sender_limited', 'ns_per_byte', 'bulk, slow sender', 'insn/byte', COST, 1.0),
    ('rr_1', 'ns_per_request', 'request/response, 1 byte', 'insn/request', COST, 0.95),
    ('rr_1', 'latency_p50_us', '... latency, median', 'us', COST, None),
    ('rr_1', 'latency_p99_us', '... latency, 99%', 'us', COST, None),
    ('rr_1k', 'ns_per_request', 'request/response, 1 KiB', 'insn/request', COST, 0.95),
    ('rr_1k', 'latency_p50_us', '... latency, median', 'us', COST, None),
    ('rr_1k', 'latency_p99_us', '... latency, 99%', 'us', COST, None),
    ('crr', 'ns_per_connection', 'connect, request, close', 'insn/connection', COST, 0.9),
    ('crr', 'per_second', '... per second of guest time', '1/s', RATE, None),
    ('accept', 'ns_per_handshake', 'handshake, both ends', 'insn/connection', COST, 0.9),
    ('accept', 'ns_per_accept', 'accept(2) of one that waits', 'insn/connection', COST, None),
    ('timewait', 'ns_per_cycle', 'connect, close, TIME_WAIT', 'insn/connection', COST, 0.9),
    ('timewait', 'ns_per_cycle_second_half', '... among 2,000 to 4,000 of them',
     'insn/connection', COST, None),
    ('timewait', 'bytes_of_object', 'TIME_WAIT object', 'bytes', COST, None),
    ('timewait', 'bytes_per_timewait', 'slabs for a TIME_WAIT', 'bytes', COST, None),
    ('idle_100', 'ns_per_request', 'request among 100 connections', 'insn/request', COST, None),
    ('idle_10k', 'ns_per_request', 'request among 10,000', 'insn/request', COST, 0.95),
    ('idle_100k', 'ns_per_request', 'request among 100,000', 'insn/request', COST, 0.95),
    ('idle_10k', 'ns_to_open', 'opening 10,000', 'insn/connection', COST, None),
    ('idle_100k', 'ns_to_open', 'opening 100,000', 'insn/connection', COST, None),
    ('idle_10k', 'bytes_each', 'memory of one of 10,000, both ends', 'bytes', COST, None),
    ('idle_10k', 'slab_bytes_each_without_files', '... without its two files and inodes', 'bytes',
     COST, 0.9),
    ('idle_100k', 'slab_bytes_each_without_files', 'one of 100,000, likewise', 'bytes', COST, 0.9),
]
for measure, title in (
        ('delay_20ms', 'RTT 20 ms'), ('delay_100ms', 'RTT 100 ms'),
        ('loss_0.1', 'RTT 20 ms, loss 0.1%'), ('loss_1', 'RTT 20 ms, loss 1%'),
        ('loss_5', 'RTT 20 ms, loss 5%'), ('reorder_2', 'RTT 20 ms, 2% reordered'),
        ('bottleneck_10mbit', '10 Mbit/s bottleneck, RTT 20 ms')):
    ROWS.append((measure, 'mbit_per_s', title, 'Mbit/s', RATE, 1.0))
    ROWS.append((measure + '_flows', 'flow_mean_ms', '... flows of 64 KiB, mean', 'ms', COST, 1.0))
# measure, value: title, unit; the in-tree TCP alone: module absent, there, its hooks set
FOREIGN = [
    ('foreign_bulk', 'ns_per_byte', 'bulk, 64 KiB writes', 'insn/byte'),
    ('foreign_bulk_nogso', 'ns_per_byte', 'bulk, 64 KiB, no GSO/GRO', 'insn/byte'),
    ('foreign_rr', 'ns_per_request', 'request/response, 1 byte', 'insn/request'),
    ('foreign_crr', 'ns_per_connection', 'connect, request, close', 'insn/connection'),
]
FOREIGN_LIMIT = 1.01

for seen, title in (('unwatched', 'recorder off'), ('recorded', 'recorder as by default'),
                    ('recorded_4096', 'recorder keeps 4096'), ('traced', 'every tracepoint on')):
    ROWS.append(('rr_1_' + seen, 'ns_per_request', '1-byte request, ' + title, 'insn/request',
                 COST, None))
    ROWS.append(('crr_' + seen, 'ns_per_connection', 'connect ... close, ' + title,
                 'insn/connection', COST, None))
    ROWS.append(('bulk_64k_nogso_' + seen, 'ns_per_packet', 'bulk, no GSO, ' + title,
                 'insn/packet', COST, None))

ROWS.append(('idle_10k_unwatched', 'slab_bytes_each_without_files',
             'memory of one of 10,000, recorder off', 'bytes', COST, None))

STACKS = ('intree', 'reno', 'newreno', 'cubic', 'ours', 'ours253')


def read(path):
    with open(path, encoding='utf-8') as file:
        lines = file.read().splitlines()
    if not lines or lines[-1] != 'complete':
        sys.exit(f'report: {path} is not complete')
    values = {}
    for line in lines[:-1]:
        measure, stack, _, name, value = line.split()
        values.setdefault((measure, name), {}).setdefault(stack, []).append(float(value))
    return values


def summary(samples):
    median = statistics.median(samples)
    return {'median': median, 'min': min(samples), 'max': max(samples),
            'spread_percent': 100 * (max(samples) - min(samples)) / median if median else 0,
            'values': samples}


def rows_of(values):
    rows = []
    for measure, name, title, unit, better, target in ROWS:
        stacks = values.get((measure, name))
        if not stacks:
            continue
        row = {'measure': measure, 'value': name, 'title': title, 'unit': unit,
               'better': better, 'target': target,
               'stacks': {s: summary(stacks[s]) for s in STACKS if s in stacks}, 'ratio': {}}
        base = row['stacks'].get('intree') or row['stacks'].get('reno')
        for stack, got in row['stacks'].items():
            if base and base['median'] and got is not base:
                row['ratio'][stack] = got['median'] / base['median']
        ratio = row['ratio'].get('ours')
        if target and ratio:
            # Two runs of the same thing differ by that much.
            row['met'] = ratio <= target * 1.005 if better == COST else ratio >= target * 0.995
        rows.append(row)
    return rows


def number(value):
    if abs(value) >= 1000:
        return f'{value:,.0f}'
    return f'{value:.3g}' if abs(value) < 100 else f'{value:.1f}'


def cell(row, stack):
    got = row['stacks'].get(stack)
    if not got:
        return ''
    if len(got['values']) == 1:
        return number(got['median'])
    return f'{number(got["median"])} ±{got["spread_percent"] / 2:.1f}%'


def cells(row):
    base = 'intree' if 'intree' in row['stacks'] else 'reno'
    target = ''
    if row['target']:
        sign = '<=' if row['better'] == COST else '>='
        target = f'{sign} {row["target"]:g}'
        if 'met' in row:
            target += ' met' if row['met'] else ' MISSED'
    ratio = row['ratio']
    return [row['title'], row['unit'], row['better'], cell(row, base), cell(row, 'newreno'),
            cell(row, 'cubic'), cell(row, 'ours'), f'{ratio["ours"]:.2f}' if 'ours' in ratio else '', target,
            cell(row, 'ours253'), f'{ratio["ours253"]:.2f}' if 'ours253' in ratio else '']


HEAD = ['measure', 'unit', 'better', 'in-tree', '... no SACK', '... cubic', 'ours', 'ratio', 'target',
        'wire 253', 'ratio']


def text_table(lines):
    left = 3 if len(lines[0]) > 4 else 1
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join('  '.join(c.ljust(w) if i < left else c.rjust(w)
                               for i, (c, w) in enumerate(zip(line, widths))).rstrip()
                     for line in lines) + '\n'


def tables_of(rows, foreign, functions):
    tables = [[HEAD] + [cells(row) for row in rows]] if rows else []
    if foreign:
        tables.append([FOREIGN_HEAD] + [foreign_cells(row) for row in foreign])
    return tables + function_tables(functions)


def rst_lines(table):
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for line in table:
        lines += [('   * - ' if i == 0 else '     - ') + c for i, c in enumerate(line)]
    return '\n'.join(line.rstrip() for line in lines) + '\n'


def foreign_of(values):
    rows = []
    for measure, name, title, unit in FOREIGN:
        stacks = {s: summary(v)['median'] for s, v in values.get((measure, name), {}).items()}
        if 'absent' not in stacks:
            continue
        ratio = {s: v / stacks['absent'] for s, v in stacks.items() if s != 'absent'}
        rows.append({'measure': measure, 'value': name, 'title': title, 'unit': unit,
                     'stacks': stacks, 'ratio': ratio,
                     'met': max(ratio.values(), default=1) <= FOREIGN_LIMIT})
    return rows


FOREIGN_HEAD = ['the in-tree TCP alone', 'unit', 'module absent', 'loaded', 'hooked', 'target']


def foreign_cells(row):
    def both(stack):
        if stack not in row['ratio']:
            return ''
        return f'{number(row["stacks"][stack])} ({row["ratio"][stack]:.4f})'

    return [row['title'], row['unit'], number(row['stacks']['absent']), both('intree'),
            both('hooked'), f'<= {FOREIGN_LIMIT:g} ' + ('met' if row['met'] else 'MISSED')]


def escape(text):
    return text.replace('&', '&amp;').replace('<', '&lt;')


def chart(rows, mode):
    """Each row a bar from 1, towards "better" to the right; the target is a tick."""
    shown = [row for row in rows if 'ours' in row['ratio']]
    left, width, line, top = 300, 520, 22, 76
    height = top + line * len(shown) + 40

    def place(ratio):
        return left + width * min(max(ratio, 0), 2) / 2

    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 110}" '
           f'height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="16" y="24" font-size="16">tcpstate and the in-tree TCP of the same '
           f'kernel: ratio ({"instructions counted" if mode == "icount" else "real time"})</text>',
           f'<text x="16" y="44" fill="#555">Bars are ours on wire 6, hollow ones wire 253; '
           'above 1 ours is better: in-tree cost / ours, or our rate / in-tree. '
           'A tick is the target.</text>']
    for at in (0, 0.5, 1, 1.5, 2):
        x = place(at)
        svg.append(f'<line x1="{x}" y1="{top - 8}" x2="{x}" y2="{height - 34}" '
                   f'stroke="{"#333" if at == 1 else "#ddd"}"/>')
        svg.append(f'<text x="{x}" y="{height - 18}" text-anchor="middle">'
                   f'{at:g}{"+" if at == 2 else ""}</text>')
    for i, row in enumerate(shown):
        y = top + i * line

        def good(ratio, row=row):
            return 1 / ratio if row['better'] == COST else ratio

        ours = good(row['ratio']['ours'])
        title = row['title'].replace('...', '   ...')
        svg.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{escape(title)}</text>')
        x1, x2 = sorted((place(1), place(ours)))
        colour = '#2a7f3f' if row.get('met', ours >= 1) else '#c0392b'
        svg.append(f'<rect x="{x1:.1f}" y="{y + 2}" width="{max(x2 - x1, 1):.1f}" height="8" '
                   f'fill="{colour}"/>')
        if 'ours253' in row['ratio']:
            x1, x2 = sorted((place(1), place(good(row['ratio']['ours253']))))
            svg.append(f'<rect x="{x1:.1f}" y="{y + 12}" width="{max(x2 - x1, 1):.1f}" '
                       'height="4" fill="none" stroke="#777"/>')
        if row['target']:
            x = place(good(row['target']))
            svg.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 17}" '
                       'stroke="#e67e22" stroke-width="2"/>')
        svg.append(f'<text x="{left + width + 8}" y="{y + 12}">{ours:.2f}</text>')
    svg.append('</svg>')
    return '\n'.join(svg) + '\n'


# The values that tcpbench has records of, in the order of the raw file: see insns.c.
RECORDED = {'ns_per_byte', 'ns_per_request', 'ns_per_connection', 'ns_per_accept',
            'ns_per_handshake', 'ns_per_cycle', 'ns_to_open'}


def symbols_of(path):
    """Addresses in order, and the name of each."""
    found = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            address, kind, name = line.split()[:3]
            # Of several names the first: the others are aliases and paddings.
            if kind in 'tTwW':
                found.setdefault(int(address, 16), name)
    addresses = sorted(found)
    return addresses, [found[a] for a in addresses]


def counts_of(folder, raw):
    """(measure, value, stack): share of each function, of the first round."""
    path = os.path.join(folder, 'insns')
    if not os.path.exists(path):
        return {}
    with open(raw, encoding='utf-8') as file:
        lines = [line.split() for line in file if len(line.split()) == 5]
    # Once the module is unloaded it comes back elsewhere.
    known = [n for n, line in enumerate(lines) if line[1] == 'absent']
    lines = [line for line in lines[:known[0] if known else None] if line[3] in RECORDED]
    addresses, names = symbols_of(os.path.join(folder, 'symbols'))
    shares, record = {}, 0
    with open(path, encoding='utf-8') as file:
        for line in file:
            first, second = line.split()
            if first == 'record':
                record = int(second)
                if record > len(lines):
                    break
                measure, stack, number_of, name, _ = lines[record - 1]
                counted = shares.setdefault((measure, name, stack), {}) \
                    if number_of == '1' else {}
                continue
            at = bisect.bisect_right(addresses, int(first, 16)) - 1
            function = names[at] if at >= 0 else '(user space)'
            counted[function] = counted.get(function, 0) + int(second)
    for counted in shares.values():
        total = sum(counted.values())
        for function in counted:
            counted[function] /= total
    return shares


# Of which row, and how that is called.
BY_FUNCTION = [
    ('rr_1', 'ns_per_request', 'request/response, 1 byte'),
    ('crr', 'ns_per_connection', 'connect, request, close'),
    ('accept', 'ns_per_handshake', 'handshake, both ends'),
    ('timewait', 'ns_per_cycle', 'connect, close, TIME_WAIT'),
    ('idle_10k', 'ns_to_open', 'opening 10,000'),
    ('bulk_64k_nogso', 'ns_per_packet', 'bulk without GSO, a packet'),
    ('bulk_64k', 'ns_per_byte', 'bulk, 64 KiB writes, 1,000 bytes'),
    ('bulk_64k_mtu9000', 'ns_per_byte', 'bulk, MTU 9000, 1,000 bytes'),
    ('bulk_reader_limited', 'ns_per_byte', 'bulk, slow reader, 1,000 bytes'),
]
SHOWN = 24
KEPT = 200


def by_function(rows, shares, measure, value):
    """For each stack the instructions of each function, for one of what the row counts."""
    row = next((r for r in rows if r['measure'] == measure and r['value'] == value), None)
    found = {}
    for stack in row['stacks'] if row else ():
        cost = row['stacks'][stack]['median'] * (1000 if value == 'ns_per_byte' else 1)
        recorded = 'ns_per_byte' if value == 'ns_per_packet' else value
        share = shares.get((measure, recorded, stack))
        if share:
            dear = sorted(share, key=lambda n: -share[n])[:KEPT]
            found[stack] = {name: share[name] * cost for name in dear}
    return found


def function_tables(functions):
    tables = []
    for measure, value, title in BY_FUNCTION:
        found = functions.get(f'{measure} {value}', {})
        if 'ours' not in found or 'intree' not in found:
            continue
        ours, intree = found['ours'], found['intree']
        # What makes most of the difference first.
        names = sorted(set(ours) | set(intree),
                       key=lambda n: -abs(ours.get(n, 0) - intree.get(n, 0)))[:SHOWN]
        names.sort(key=lambda n: intree.get(n, 0) - ours.get(n, 0))
        tables.append([[title + ': instructions where they differ', 'in-tree', 'ours', 'more']] + [
            [name, number(intree[name]) if name in intree else '',
             number(ours[name]) if name in ours else '',
             f'{ours.get(name, 0) - intree.get(name, 0):+,.0f}'] for name in names])
    return tables


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mode', default='icount')
    parser.add_argument('--counts')
    parser.add_argument('raw')
    parser.add_argument('folder')
    arg = parser.parse_args()
    values = read(arg.raw)
    rows, foreign = rows_of(values), foreign_of(values)
    if not rows and not foreign:
        sys.exit('report: nothing was measured')
    shares = counts_of(arg.counts, arg.raw) if arg.counts else {}
    functions = {f'{m} {v}': by_function(rows, shares, m, v) for m, v, _ in BY_FUNCTION}
    found = {
        'mode': arg.mode, 'machine': platform.machine(), 'rows': rows,
        'foreign': foreign, 'functions': functions,
        'complete': True,
    }
    unit = 'An instruction of the guest counts as a nanosecond.' if arg.mode == 'icount' else \
        'Real time: read "insn" as nanoseconds; figures differ from run to run.'
    tables = tables_of(rows, foreign, functions)
    text = '\n'.join(text_table(table) for table in tables)
    made = {'results.json': json.dumps(found, indent=1) + '\n', 'results.txt': text,
            'results.rst': '\n'.join(rst_lines(table) for table in tables),
            'results.svg': chart(rows, arg.mode)}
    for name, content in made.items():
        with open(os.path.join(arg.folder, name + '.part'), 'w', encoding='utf-8') as file:
            file.write(content)
    for name in made:
        os.replace(os.path.join(arg.folder, name + '.part'), os.path.join(arg.folder, name))
    print(text + unit + ' Medians; ± is half of what lies between the rounds. Ratio: to the '
          'in-tree TCP (set to reno in the rows with a delay).\n'
          'Every measure is whole; results are in ' + arg.folder)


main()
