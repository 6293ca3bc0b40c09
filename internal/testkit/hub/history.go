package hub

import "slices"

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
