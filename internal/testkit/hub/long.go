package hub

import (
	"fmt"
	"unicode/utf8"
)

// How many characters GitHub takes.
const (
	longestTitle = 256
	longestBody  = 65_536
)

// tooLong are REST's errors for a title and a body that are; nil for neither.
func tooLong(title, body string) []any {
	var all []any
	add := func(field, text string, most int) {
		if utf8.RuneCountInString(text) > most {
			words := fmt.Sprintf("%s is too long (maximum is %d characters)", field, most)
			all = append(all, map[string]any{"resource": "Issue", "code": "custom", "field": field, "message": words})
		}
	}
	add("title", title, longestTitle)
	add("body", body, longestBody)
	return all
}

// graphTooLong is GraphQL's error for the same, which begins with a capital.
func graphTooLong(title, body string) error {
	switch {
	case utf8.RuneCountInString(title) > longestTitle:
		return unprocessable(fmt.Sprintf("Title is too long (maximum is %d characters)", longestTitle))
	case utf8.RuneCountInString(body) > longestBody:
		return unprocessable(fmt.Sprintf("Body is too long (maximum is %d characters)", longestBody))
	default:
		return nil
	}
}
