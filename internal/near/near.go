// Package near says how far a word is from another one that may have been meant.
package near

// Distance is how many bytes must be inserted, deleted or replaced to make b of
// a (Levenshtein).
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Likely is the word that is nearest to what was written, the first of several;
// "" where none is so near that it may have been meant.
func Likely(written string, words []string) (likely string) {
	least := (len(written)+2)/3 + 1
	for _, word := range words {
		if d := Distance(written, word); d < least && d < len(written) {
			least, likely = d, word
		}
	}
	return likely
}
