#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""From the lines that bench/guest.sh writes to a table, JSON and a chart.

usage: bench/report.py [--mode MODE] [--profiles FOLDER] RAW FOLDER

Writes results.json, results.txt, results.rst and results.svg to FOLDER, all or
none, and prints the table. A raw file that does not end with "complete" is refused.
"""
import argparse
import glob
import json
import os
import platform
import re
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
    ROWS.append(('bulk_64k_nogso_' + seen, 'ns_per_packet', 'bulk, no GSO, ' + title,
                 'insn/packet', COST, None))

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
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join('  '.join(c.ljust(w) if i < 3 else c.rjust(w)
                               for i, (c, w) in enumerate(zip(line, widths))).rstrip()
                     for line in lines) + '\n'


def tables_of(rows, foreign, profile):
    tables = [[HEAD] + [cells(row) for row in rows]] if rows else []
    if foreign:
        tables.append([FOREIGN_HEAD] + [foreign_cells(row) for row in foreign])
    return tables + profile_tables(rows, profile)


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


def profiles(folder):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, 'profile-*.txt'))):
        name = re.sub(r'^profile-|\.txt$', '', os.path.basename(path))
        with open(path, encoding='utf-8') as file:
            hits = [re.match(r'\s*([\d.]+)%\s+\[[.k]\] (\S+)', line) for line in file]
        found[name] = [[hit[2], float(hit[1])] for hit in hits if hit]
    return found


# Profile: of which row its percentages are, and how that is called.
PROFILED = [
    ('rr_1', 'ns_per_request', 'request/response, 1 byte, by function'),
    ('crr', 'ns_per_connection', 'connect, request, close, by function'),
    ('bulk_64k_nogso', 'ns_per_packet', 'bulk without GSO, a packet, by function'),
    ('bulk_64k', 'ns_per_byte', 'bulk, 64 KiB writes, 1,000 bytes, by function'),
]
SHOWN = 16


def by_function(rows, profile, measure, value, stack):
    """Instructions of each function, for one of what the row counts."""
    row = next((r for r in rows if r['measure'] == measure and r['value'] == value), None)
    if not row or stack not in row['stacks']:
        return {}
    cost = row['stacks'][stack]['median'] * (1000 if value == 'ns_per_byte' else 1)
    # While the CPU sleeps perf's clock does not run; what it sees of sleep is its edges.
    return {name: percent * cost / 100
            for name, percent in profile.get(f'{measure}-{stack}', [])}


def profile_tables(rows, profile):
    tables = []
    for measure, value, title in PROFILED:
        ours = by_function(rows, profile, measure, value, 'ours')
        intree = by_function(rows, profile, measure, value, 'intree')
        if not ours or not intree:
            continue
        # Where the difference is, and what is dear in both.
        names = sorted(set(ours) | set(intree),
                       key=lambda n: -max(ours.get(n, 0), intree.get(n, 0)))[:SHOWN]
        tables.append([[title, '', '', 'in-tree', 'ours']] + [
            [name, 'insn', '', number(intree[name]) if name in intree else '',
             number(ours[name]) if name in ours else ''] for name in names])
    return tables


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mode', default='icount')
    parser.add_argument('--profiles')
    parser.add_argument('raw')
    parser.add_argument('folder')
    arg = parser.parse_args()
    values = read(arg.raw)
    rows, foreign = rows_of(values), foreign_of(values)
    if not rows and not foreign:
        sys.exit('report: nothing was measured')
    found = {
        'mode': arg.mode, 'machine': platform.machine(), 'rows': rows,
        'foreign': foreign, 'profile_percent': profiles(arg.profiles) if arg.profiles else {},
        'complete': True,
    }
    unit = 'An instruction of the guest counts as a nanosecond.' if arg.mode == 'icount' else \
        'Real time: read "insn" as nanoseconds; figures differ from run to run.'
    tables = tables_of(rows, foreign, found['profile_percent'])
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
