/* api: what value.c and read.c share about where values lie. Not for other layers. */
#ifndef VITRINE_API_VALUE_H
#define VITRINE_API_VALUE_H

#include "api_info.h"

/* Room for one value of any kind or shape. */
typedef union ApiSlot {
    bool boolean;
    int enumerated;
    int64_t integer;
    uint64_t natural;
    double number;
    void *pointer;
} ApiSlot;

bool api_kind_is_pointer(ApiKind kind);
size_t api_kind_size(ApiKind kind); /* bytes of one value in a struct or a GArray */

void *api_load_pointer(const void *place);
void api_store_pointer(void *place, void *pointer);

void *api_member_place(const ApiMemberInfo *member, const void *value);
bool api_member_has_flag(const ApiMemberInfo *member); /* has_x says whether x is there */
bool *api_member_flag(const ApiMemberInfo *member, const void *value);

void *api_many_new(const ApiTypeInfo *element, ApiShape shape); /* an empty list or map */

/* Reads a value to its place. False: problems were recorded, and place is untouched or holds
 * something that can be freed. */
bool api_value_read(WireReader *reader, const ApiTypeInfo *type, ApiShape shape, const json_t *json,
                    void *place);

#endif
