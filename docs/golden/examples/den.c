/* Pieces of DEN in plain C, checked without a JSON library:

     cc -o den_c den.c -lm
     den-ref golden check --exec ./den_c --wire text

   Questions and answers are words between blanks, one message a line (docs/golden.md).  A question is its id, its
   operation and the number of its inputs; each of them is a name, a dtype, the number of axes, their lengths, and the
   entries row after row. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 128, INPUTS = 64, AXES = 4 };

typedef struct {
    char name[WORD], dtype[WORD], word[WORD]; /* word: the value of a string */
    int axes, shape[AXES], size;
    double *data;
} Array;

static Array inputs[INPUTS];
static int count;

static Array *input(const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(inputs[i].name, name) == 0) return &inputs[i];
    exit(1); /* the checker says which question that was */
}

static void read_array(Array *a) {
    if (scanf("%127s %127s %d", a->name, a->dtype, &a->axes) != 3 || a->axes > AXES) exit(1);
    a->size = 1;
    for (int i = 0; i < a->axes; i++) {
        if (scanf("%d", &a->shape[i]) != 1) exit(1);
        a->size *= a->shape[i];
    }
    int is_word = strcmp(a->dtype, "string") == 0;
    if (is_word && scanf("%127s", a->word) != 1) exit(1);
    a->data = malloc(sizeof(double) * (a->size + 1));
    for (int i = 0; i < a->size && !is_word; i++)
        if (scanf("%lf", &a->data[i]) != 1) exit(1); /* it reads nan and inf too */
}

/* Name, dtype, axes, lengths and entries; 17 digits tell every double from its neighbours. */
static void write_array(const char *name, const Array *like, const double *data) {
    printf(" %s float64 %d", name, like->axes);
    for (int i = 0; i < like->axes; i++) printf(" %d", like->shape[i]);
    for (int i = 0; i < like->size; i++) printf(" %.17g", data[i]);
}

/* --- the operations ---------------------------------------------------------------------------------------------- */

static double shrunk(double x, double threshold) {
    return fabs(x) > threshold ? copysign(fabs(x) - threshold, x) : 0;
}

static void soft_threshold(void) {
    Array *w = input("w");
    double threshold = input("step")->data[0] * input("mu")->data[0];
    for (int i = 0; i < w->size; i++) w->data[i] = shrunk(w->data[i], threshold);
    printf(" outputs 1");
    write_array("w", w, w->data);
}

/* A column is a unit's incoming weights. */
static void group_soft_threshold(void) {
    Array *w = input("w");
    int rows = w->shape[0], columns = w->shape[1];
    double threshold = input("step")->data[0] * input("gamma")->data[0];
    for (int j = 0; j < columns; j++) {
        double norm = 0;
        for (int i = 0; i < rows; i++) norm = hypot(norm, w->data[i * columns + j]);
        double kept = norm > threshold ? 1 - threshold / norm : 0;
        for (int i = 0; i < rows; i++) w->data[i * columns + j] *= kept;
    }
    printf(" outputs 1");
    write_array("w", w, w->data);
}

static void relu_forward(void) {
    Array *a = input("a");
    for (int i = 0; i < a->size; i++) a->data[i] = a->data[i] > 0 ? a->data[i] : 0;
    printf(" outputs 1");
    write_array("h", a, a->data);
}

static void relu_backward(void) {
    Array *dh = input("dh"), *a = input("a");
    for (int i = 0; i < a->size; i++) dh->data[i] = a->data[i] > 0 ? dh->data[i] : 0;
    printf(" outputs 1");
    write_array("da", dh, dh->data);
}

static const struct {
    const char *name;
    void (*answer)(void);
} operations[] = {{"soft_threshold", soft_threshold}, {"group_soft_threshold", group_soft_threshold},
                  {"relu_forward", relu_forward}, {"relu_backward", relu_backward}};

int main(void) {
    char id[WORD], operation[WORD];
    if (scanf("den-golden %*d") == EOF) return 1;
    printf("den-golden 1\n");
    fflush(stdout);
    while (scanf("%127s %127s %d", id, operation, &count) == 3 && count <= INPUTS) {
        for (int i = 0; i < count; i++) read_array(&inputs[i]);
        printf("%s", id);
        int known = -1;
        for (int i = 0; i < (int)(sizeof operations / sizeof *operations); i++)
            if (strcmp(operations[i].name, operation) == 0) known = i;
        if (known >= 0) operations[known].answer();
        else printf(" not_implemented");
        printf("\n");
        fflush(stdout);
        for (int i = 0; i < count; i++) free(inputs[i].data);
    }
    return 0;
}
