// Package encoder turns texts into vectors: dense ones by an akin.Embedder, sparse ones of words by Lexical.
// Lexical works without its corpus: the store knows how many documents hold a term, and weighs a query's terms by it.
package encoder
