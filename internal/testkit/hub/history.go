package hub

import (
	"container/heap"
	"slices"
)

// history lists the commits that can be reached from tip and from none of not, the
// youngest first.
func (s *store) history(tip string, not ...string) []commit {
	seen := map[string]bool{}
	for _, oid := range not {
		s.reach(oid, seen)
	}
	var all []commit
	for queue := []string{tip}; len(queue) > 0; {
		oid := queue[0]
		queue = queue[1:]
		if seen[oid] {
			continue
		}
		seen[oid] = true
		c, ok := s.commit(oid)
		if !ok {
			continue
		}
		all = append(all, c)
		queue = append(queue, c.parents...)
	}
	return all
}

func (s *store) reach(tip string, seen map[string]bool) {
	for queue := []string{tip}; len(queue) > 0; {
		oid := queue[0]
		queue = queue[1:]
		if seen[oid] {
			continue
		}
		seen[oid] = true
		if c, ok := s.commit(oid); ok {
			queue = append(queue, c.parents...)
		}
	}
}

// descends reports whether tip is oid or comes after it.
func (s *store) descends(tip, oid string) bool {
	seen := map[string]bool{}
	for queue := []string{tip}; len(queue) > 0; {
		next := queue[0]
		queue = queue[1:]
		if next == oid {
			return true
		}
		if seen[next] {
			continue
		}
		seen[next] = true
		if c, ok := s.commit(next); ok {
			queue = append(queue, c.parents...)
		}
	}
	return false
}

// mergeBase is the youngest commit that both have; "" where they share nothing.
func (s *store) mergeBase(a, b string) string {
	reach := map[string]bool{}
	s.reach(a, reach)
	own := s.history(b)
	i := slices.IndexFunc(own, func(c commit) bool { return reach[c.oid] })
	if i < 0 {
		return ""
	}
	return own[i].oid
}

// log lists so many commits from tip on as git log does, 0 is all: the youngest
// first of those whose children were listed.
func (s *store) log(tip string, most int) (all []commit) {
	next, seen := &byDate{}, map[string]bool{}
	add := func(oid string) {
		if c, ok := s.commit(oid); ok && !seen[oid] {
			seen[oid] = true
			heap.Push(next, dated{c, len(seen)})
		}
	}
	for add(tip); next.Len() > 0 && (most == 0 || len(all) < most); {
		c := heap.Pop(next).(dated).commit
		all = append(all, c)
		for _, parent := range c.parents {
			add(parent)
		}
	}
	return all
}

// dated is a commit that log has come to, the how manieth.
type dated struct {
	commit
	n int
}

// byDate is a heap of them.
type byDate []dated

func (q byDate) Len() int      { return len(q) }
func (q byDate) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *byDate) Push(c any)   { *q = append(*q, c.(dated)) }

func (q byDate) Less(i, j int) bool {
	a, b := q[i].committer.when, q[j].committer.when
	return a.After(b) || a.Equal(b) && q[i].n < q[j].n
}

func (q *byDate) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
