// Causal attention with grouped queries over pages of keys and values. Included by isa_*.cpp only, see simd.hpp.
// Scores are taken 16 keys at a time from transposed keys, so no dot product ends in a horizontal sum. Every output is one
// chain of multiply-adds over its sequence's positions in order, whatever other rows are in the call: the sampler (one query of
// many sequences) and the trainer (all queries of one) get the same bits.

AD_INLINE std::int64_t round_up(std::int64_t n) { return (n + kPage - 1) / kPage * kPage; }

// Softmax of the first n scores, zero in the others up to `padded`, whole vectors all along: the row has room for them.
AD_INLINE void softmax_row(float* s, std::int64_t n, std::int64_t padded) {
  const std::int64_t whole = (n + kW - 1) / kW * kW;
  if (n < whole) store(s + whole - kW, keep_lanes(load(s + whole - kW), n - (whole - kW), -__builtin_inff()));
  V top = load(s);
  for (std::int64_t i = kW; i < whole; i += kW) top = max(top, load(s + i));
  const float most = hmax(top);
  V sum{};
  for (std::int64_t i = 0; i < whole; i += kW) {
    V e = vexp(load(s + i) - most);
    store(s + i, e);
    sum += e;
  }
  const float scale = 1.0f / hsum(sum);
  for (std::int64_t i = 0; i < whole; i += kW) store(s + i, load(s + i) * scale);
  for (std::int64_t i = whole; i < padded; i += kW) store(s + i, V{});
}

constexpr int kQueryTile = 6;  // queries that read a page together: heads of a group first, then rows

// Scores of kQueries queries against kPages pages side by side: few chains alone would wait for their own latency.
template <int kQueries, int kPages>
AD_INLINE void score_pages(const float* q, std::int64_t head_dim, const KvPage* pages, std::int64_t at, float* s,
                           std::int64_t ld) {
  constexpr int kVecs = kPage / kW;
  V acc[kQueries][kPages * kVecs];
  const float* k[kPages];
#pragma GCC unroll 8
  for (int p = 0; p < kPages; ++p) k[p] = pages[p].k + at;
#pragma GCC unroll 8
  for (int r = 0; r < kQueries; ++r)
#pragma GCC unroll 16
    for (int j = 0; j < kPages * kVecs; ++j) acc[r][j] = V{};
  for (std::int64_t d = 0; d < head_dim; ++d) {
    V keys[kPages * kVecs];
#pragma GCC unroll 16
    for (int j = 0; j < kPages * kVecs; ++j) keys[j] = load(k[j / kVecs] + d * kPage + (j % kVecs) * kW);
#pragma GCC unroll 8
    for (int r = 0; r < kQueries; ++r) {
      V query = splat(q[r * head_dim + d]);
#pragma GCC unroll 16
      for (int j = 0; j < kPages * kVecs; ++j) acc[r][j] = fma(query, keys[j], acc[r][j]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kQueries; ++r)
#pragma GCC unroll 16
    for (int j = 0; j < kPages * kVecs; ++j) store(s + r * ld + j * kW, acc[r][j]);
}

// Of a run of queries of one tile, which read the same pages: q [kQueries][head_dim], s [kQueries][ld], c [kQueries][ldc].
struct Run {
  const KvPage* pages;
  std::int64_t first, last;  // keys
  bool add;                  // c has the sum over the keys before `first`
};

template <int kQueries, int kPages>
AD_INLINE void score_from(const AttentionCall& call, const KvPage* pages, std::int64_t count, std::int64_t at, const float* q,
                          float* s, std::int64_t ld) {
  std::int64_t p = 0;
  for (; p + kPages <= count; p += kPages) score_pages<kQueries, kPages>(q, call.head_dim, pages + p, at, s + p * kPage, ld);
  if constexpr (kPages > 1) score_from<kQueries, kPages - 1>(call, pages + p, count - p, at, q, s + p * kPage, ld);
}

template <int kQueries>
static void score_run(const AttentionCall& call, const Run& run, std::int64_t head, const float* q, float* s, std::int64_t ld) {
  constexpr int kPages = (kQueries == 1 ? 4 : kQueries <= 3 ? 2 : 1) * (kW > 8 ? 2 : 1);
  score_from<kQueries, kPages>(call, run.pages + run.first / kPage, (run.last - run.first + kPage - 1) / kPage,
                               call.k_offset + head * call.k_head_stride, q, s + run.first, ld);
}

// kVecs vectors of c's columns += weights * values, values at `at` in their pages.
template <int kQueries, int kVecs>
AD_INLINE void weigh_columns(const Run& run, std::int64_t at, std::int64_t stride, const float* s, std::int64_t ld, float* c,
                             std::int64_t ldc) {
  V acc[kQueries][kVecs];
#pragma GCC unroll 8
  for (int r = 0; r < kQueries; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < kVecs; ++j) acc[r][j] = run.add ? load(c + r * ldc + j * kW) : V{};
  for (std::int64_t key = run.first; key < run.last;) {
    const float* v = run.pages[key / kPage].v + at + key % kPage * stride;
    const std::int64_t next = (key / kPage + 1) * kPage, end = run.last < next ? run.last : next;
    for (; key < end; ++key, v += stride) {
      V values[kVecs];
#pragma GCC unroll 8
      for (int j = 0; j < kVecs; ++j) values[j] = load(v + j * kW);
#pragma GCC unroll 8
      for (int r = 0; r < kQueries; ++r) {
        V w = splat(s[r * ld + key]);
#pragma GCC unroll 8
        for (int j = 0; j < kVecs; ++j) acc[r][j] = fma(w, values[j], acc[r][j]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kQueries; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < kVecs; ++j) store(c + r * ldc + j * kW, acc[r][j]);
}

template <int kQueries>
static void weigh_run(const AttentionCall& call, const Run& run, std::int64_t head, const float* s, std::int64_t ld, float* c,
                      std::int64_t ldc) {
  constexpr int kMost = (kQueries == 1 ? 8 : kQueries <= 3 ? 4 : 2) * (kW > 8 ? 2 : 1);
  constexpr int kWide = kMost * kW > 64 && kW > 4 ? 64 / kW : kMost;  // common heads have 64 columns
  const std::int64_t at = call.v_offset + head * call.v_head_stride;
  std::int64_t j = 0;
  for (; call.head_dim - j >= kWide * kW; j += kWide * kW)
    weigh_columns<kQueries, kWide>(run, at + j, call.v_stride, s, ld, c + j, ldc);
  for (; j < call.head_dim; j += kVecTile * kW)
    weigh_columns<kQueries, kVecTile>(run, at + j, call.v_stride, s, ld, c + j, ldc);
}

// The same for queries of sequences that share nothing, side by side: one at a time has too few chains when heads are small.
// All from key `first`, up to `last` of the shortest.
template <int kQueries>
static void weigh_apart(const Run* runs, std::int64_t last, std::int64_t at, std::int64_t stride, const float* s,
                        std::int64_t ld, float* c, std::int64_t ldc) {
  V acc[kQueries][kVecTile];
#pragma GCC unroll 8
  for (int r = 0; r < kQueries; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < kVecTile; ++j) acc[r][j] = runs[0].add ? load(c + r * ldc + j * kW) : V{};
  for (std::int64_t key = runs[0].first; key < last;) {
    const float* v[kQueries];
#pragma GCC unroll 8
    for (int r = 0; r < kQueries; ++r) v[r] = runs[r].pages[key / kPage].v + at;
    const std::int64_t begin = key, end = last - key < kPage ? last : key + kPage;
    for (; key < end; ++key)
#pragma GCC unroll 8
      for (int r = 0; r < kQueries; ++r) {
        V w = splat(s[r * ld + key]);
#pragma GCC unroll 8
        for (int j = 0; j < kVecTile; ++j) acc[r][j] = fma(w, load(v[r] + (key - begin) * stride + j * kW), acc[r][j]);
      }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kQueries; ++r)
#pragma GCC unroll 8
    for (int j = 0; j < kVecTile; ++j) store(c + r * ldc + j * kW, acc[r][j]);
}

// A tile of up to kQueryTile queries of one kv head, and its scratch.
struct QueryTile {
  const AttentionRow* rows[kQueryTile];
  std::int64_t heads[kQueryTile];  // of the query
  int count;
  std::int64_t shared;  // keys that all have in common, when they are of several sequences
  std::int64_t ld, ldc;
  float *q, *s, *c;
};

AD_INLINE std::int64_t shared_keys(const QueryTile& tile) {
  std::int64_t pages = tile.rows[0]->keys / kPage;
  bool several = false;
  for (int i = 1; i < tile.count; ++i) {
    const AttentionRow& row = *tile.rows[i];
    if (row.keys / kPage < pages) pages = row.keys / kPage;
    if (row.pages == tile.rows[0]->pages) continue;
    several = true;
    std::int64_t same = 0;
    while (same < pages && row.pages[same].k == tile.rows[0]->pages[same].k) ++same;
    pages = same;
  }
  return several ? pages * kPage : 0;
}

AD_INLINE Run shared_run(const QueryTile& tile) { return {tile.rows[0]->pages, 0, tile.shared, false}; }
// The keys of the sequence of query i that are not shared, and in `end` the first query of the next sequence.
AD_INLINE Run own_run(const QueryTile& tile, int i, int& end) {
  std::int64_t last = tile.rows[i]->keys;
  for (end = i + 1; end < tile.count && tile.rows[end]->pages == tile.rows[i]->pages; ++end)
    if (tile.rows[end]->keys > last) last = tile.rows[end]->keys;
  return {tile.rows[i]->pages, tile.shared, last, tile.shared > 0};
}

// f.operator()<count>()
template <class F>
AD_INLINE void with_count(int count, F f) {
  switch (count) {
    case 1: return f.template operator()<1>();
    case 2: return f.template operator()<2>();
    case 3: return f.template operator()<3>();
    case 4: return f.template operator()<4>();
    case 5: return f.template operator()<5>();
    default: return f.template operator()<6>();
  }
}

static void score_tile(const AttentionCall& call, std::int64_t kv_head, const QueryTile& tile) {
  const auto score = [&](int i, int count, const Run& run) {
    with_count(count, [&]<int kQueries>() {
      score_run<kQueries>(call, run, kv_head, tile.q + i * call.head_dim, tile.s + i * tile.ld, tile.ld);
    });
  };
  if (tile.shared > 0) score(0, tile.count, shared_run(tile));
  for (int i = 0, end = 0; i < tile.count; i = end) {
    const Run run = own_run(tile, i, end);
    if (run.last > run.first) score(i, end - i, run);
  }
}

// Queries of as many sequences side by side up to the end of the shortest; the rest of each alone.
template <int kQueries>
static void weigh_singles(const AttentionCall& call, std::int64_t kv_head, const QueryTile& tile, int i) {
  const std::int64_t at = call.v_offset + kv_head * call.v_head_stride;
  Run runs[kQueries];
  std::int64_t last = tile.rows[i]->keys;
  for (int r = 0; r < kQueries; ++r) {
    runs[r] = {tile.rows[i + r]->pages, tile.shared, tile.rows[i + r]->keys, tile.shared > 0};
    if (runs[r].last < last) last = runs[r].last;
  }
  for (std::int64_t j = 0; j < call.head_dim; j += kVecTile * kW)
    weigh_apart<kQueries>(runs, last, at + j, call.v_stride, tile.s + i * tile.ld, tile.ld, tile.c + i * tile.ldc + j,
                          tile.ldc);
  for (int r = 0; r < kQueries; ++r) {
    const Run rest{runs[r].pages, last, runs[r].last, true};
    if (rest.last > rest.first)
      weigh_run<1>(call, rest, kv_head, tile.s + (i + r) * tile.ld, tile.ld, tile.c + (i + r) * tile.ldc, tile.ldc);
  }
}

// How many queries from i on are the only ones of their sequences.
AD_INLINE int singles(const QueryTile& tile, int i) {
  int count = 0;
  while (i + count < tile.count && (i + count == 0 || tile.rows[i + count]->pages != tile.rows[i + count - 1]->pages)) ++count;
  const bool last_goes_on = i + count < tile.count;
  return last_goes_on ? count - 1 : count;
}

static void weigh_tile(const AttentionCall& call, std::int64_t kv_head, const QueryTile& tile) {
  const auto weigh = [&](int i, int count, const Run& run) {
    with_count(count, [&]<int kQueries>() {
      weigh_run<kQueries>(call, run, kv_head, tile.s + i * tile.ld, tile.ld, tile.c + i * tile.ldc, tile.ldc);
    });
  };
  if (tile.shared > 0) weigh(0, tile.count, shared_run(tile));
  for (int i = 0, end = 0; i < tile.count; i = end) {
    if (const int alone = singles(tile, i); alone > 1) {
      with_count(alone, [&]<int kQueries>() { weigh_singles<kQueries>(call, kv_head, tile, i); });
      end = i + alone;
      continue;
    }
    const Run run = own_run(tile, i, end);
    if (run.last > run.first) weigh(i, end - i, run);
  }
}

static void attend_tile(const AttentionCall& call, std::int64_t kv_head, QueryTile& tile) {
  const std::int64_t hd = call.head_dim;
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(hd));
  std::int64_t longest = 0;
  for (int i = 0; i < tile.count; ++i) {
    const float* q = tile.rows[i]->q + tile.heads[i] * hd;
    AD_FOR_VECTORS(d, hd) put(tile.q + i * hd, d, hd, get(q, d, hd) * scale);
    if (tile.rows[i]->keys > longest) longest = tile.rows[i]->keys;
  }
  tile.ld = round_up(longest);
  tile.shared = shared_keys(tile);
  score_tile(call, kv_head, tile);
  for (int i = 0; i < tile.count; ++i) softmax_row(tile.s + i * tile.ld, tile.rows[i]->keys, tile.ld);
  weigh_tile(call, kv_head, tile);
  for (int i = 0; i < tile.count; ++i) {
    float* out = tile.rows[i]->out + tile.heads[i] * hd;
    AD_FOR_VECTORS(d, hd) put(out, d, hd, load(tile.c + i * tile.ldc + d));
  }
}

AD_INLINE bool share_a_page(const AttentionRow& a, const AttentionRow& b) {
  return a.pages == b.pages || (a.keys >= kPage && b.keys >= kPage && a.pages[0].k == b.pages[0].k);
}

// Rows one head after the other: what they share of a head stays in the cache. Rows that share nothing go a tile at a time, so
// that what lies together in their pages is read together.
AD_INLINE std::int64_t block_end(const AttentionCall& call, std::int64_t first) {
  std::int64_t end = first + 1;
  while (end < call.count && (end - first < kQueryTile || share_a_page(call.rows[end - 1], call.rows[end]))) ++end;
  return end;
}

static void attention(const AttentionCall& call) {
  const std::int64_t group = call.heads / call.kv_heads;
  QueryTile tile;
  tile.ldc = (call.head_dim + kVecTile * kW - 1) / (kVecTile * kW) * (kVecTile * kW);
  tile.q = call.scratch;
  tile.c = tile.q + kQueryTile * call.head_dim + kW;
  tile.s = tile.c + kQueryTile * tile.ldc;
  for (std::int64_t first = 0, end; first < call.count; first = end) {
    end = block_end(call, first);
    for (std::int64_t h = 0; h < call.kv_heads; ++h)
      for (std::int64_t query = first * group; query < end * group; query += kQueryTile) {
        tile.count = static_cast<int>(end * group - query < kQueryTile ? end * group - query : kQueryTile);
        for (int i = 0; i < tile.count; ++i) {
          tile.rows[i] = call.rows + (query + i) / group;
          tile.heads[i] = h * group + (query + i) % group;
        }
        attend_tile(call, h, tile);
      }
  }
}
